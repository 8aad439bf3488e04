import { strings } from "../../strings.ts";
import { entryOf } from "../../state/open-conversation.ts";

/** The message that another one answers, as far as it was read. */
export function Quote({ id }: { id: string }) {
  const entry = entryOf(id);
  const message = entry?.kind === "message" ? entry : undefined;
  const said = message?.isRetracted ? strings.message.retracted : message?.text || message?.attachments[0]?.name;
  const show = (): void => {
    const place = document.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`);
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
  };
  return (
    <button type="button" class="quote" onClick={show}>
      <span class="quote-sender">{message && (message.isOwn ? strings.message.you : message.sender)}</span>
      <span class="quote-text" dir="auto">
        {said ?? strings.message.unseenReply}
      </span>
    </button>
  );
}
