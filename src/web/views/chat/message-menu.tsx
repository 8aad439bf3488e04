import type { MessageFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { dialog } from "../../state/dialogs.ts";
import { retract, toggleReaction } from "../../state/messages.ts";
import { notify, run } from "../../state/notices.ts";
import { editing, replyingTo } from "../../state/open-conversation.ts";
import { me } from "../../state/session.ts";
import { Menu, MenuItem } from "../parts/menu.tsx";

const words = strings.message;
const emojis = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

interface MessageMenuProps {
  message: MessageFacts;
  isAbove: boolean;
  onClose: () => void;
}

export function MessageMenu({ message, isAbove, onClose }: MessageMenuProps) {
  const { isOwn, isRetracted, sequence, text, state } = message;
  const after = (act: () => void) => (): void => {
    onClose();
    act();
  };
  const isThere = sequence !== undefined && !isRetracted;
  return (
    <Menu label={words.options} isAbove={isAbove} onClose={onClose}>
      {isThere && (
        <div class="menu-emojis" role="presentation">
          {emojis.map((emoji) => (
            <MenuItem
              key={emoji}
              label={`${words.react} ${emoji}`}
              onChoose={after(() => run(toggleReaction(message, emoji, me.value.user)))}
            >
              {emoji}
            </MenuItem>
          ))}
        </div>
      )}
      {isThere && <MenuItem onChoose={after(() => startReply(message))}>{words.reply}</MenuItem>}
      {text !== "" && <MenuItem onChoose={after(() => run(copy(text)))}>{words.copy}</MenuItem>}
      {isOwn && isThere && text !== "" && <MenuItem onChoose={after(() => startEdit(message))}>{words.edit}</MenuItem>}
      {isOwn && state !== "failed" && (
        <MenuItem onChoose={after(() => (dialog.value = { name: "receipts", message }))}>{words.info}</MenuItem>
      )}
      {isOwn && isThere && (
        <MenuItem isDanger onChoose={after(() => run(retract(message)))}>
          {words.retract}
        </MenuItem>
      )}
    </Menu>
  );
}

function startReply(message: MessageFacts): void {
  editing.value = undefined;
  replyingTo.value = message;
}

export function startEdit(message: MessageFacts): void {
  replyingTo.value = undefined;
  editing.value = message;
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  notify(strings.notices.copied);
}
