import { strings } from "../../strings.ts";
import { editing, replyingTo } from "../../state/open-conversation.ts";
import { Icon } from "../parts/icon.tsx";
import { fileSize } from "../parts/times.ts";

const words = strings.composer;

/** What is being answered or edited. */
export function ComposerContext({ onAbandon }: { onAbandon: () => void }) {
  const message = editing.value ?? replyingTo.value;
  if (!message) return null;
  const sender = message.isOwn ? strings.message.you : message.sender;
  return (
    <div class="composer-context">
      <p>
        <strong>{editing.value ? words.editing : words.replying(sender)}</strong>
        <span>{message.text || message.attachments[0]?.name}</span>
      </p>
      <button type="button" class="icon-button" aria-label={strings.cancel} onClick={onAbandon}>
        <Icon name="close" size={18} />
      </button>
    </div>
  );
}

export function ChosenFiles({ files, onRemove }: { files: readonly File[]; onRemove: (file: File) => void }) {
  if (files.length === 0) return null;
  return (
    <ul class="chosen-files">
      {files.map((file, index) => (
        <li key={index}>
          <Icon name="file" size={16} />
          <span class="file-name">{file.name}</span>
          <span class="file-size">{fileSize(file.size)}</span>
          <button type="button" class="icon-button" aria-label={words.remove(file.name)} onClick={() => onRemove(file)}>
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
