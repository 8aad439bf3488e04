import type { MessageFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { save } from "../../state/messages.ts";
import { uploads } from "../../state/open-conversation.ts";
import { Icon } from "../parts/icon.tsx";
import { FormError } from "../parts/field.tsx";
import { fileSize } from "../parts/times.ts";
import { useTask } from "../parts/use-task.ts";

export function Attachments({ message }: { message: MessageFacts }) {
  if (message.attachments.length === 0) return null;
  return (
    <ul class="files">
      {message.attachments.map((file, index) => (
        <FileLine key={index} message={message} index={index} name={file.name} size={file.size} />
      ))}
    </ul>
  );
}

interface FileLineProps {
  message: MessageFacts;
  index: number;
  name: string;
  size: number;
}

function FileLine({ message, index, name, size }: FileLineProps) {
  const { isBusy, error, start } = useTask();
  const isGoing = isBusy || message.state === "queued" || message.state === "sealing";
  const progress = uploads.value.get(`${message.id}/${index}`);
  return (
    <li>
      <button type="button" class="file" aria-disabled={isBusy} onClick={() => start(() => save(message, index))}>
        <Icon name="file" />
        <span class="file-name" dir="auto">
          <span class="visually-hidden">{strings.message.save} </span>
          {name}
        </span>
        <span class="file-size">{fileSize(size)}</span>
      </button>
      {isGoing && progress !== undefined && progress < 1 && (
        <progress value={progress} max={1} aria-label={`${strings.message.saving} ${name}`} />
      )}
      <FormError text={error} />
    </li>
  );
}
