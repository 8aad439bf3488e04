import type { MessageFacts, MessageState } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { Icon, type IconName } from "../parts/icon.tsx";

const words = strings.message;

const icons: Record<MessageState, IconName> = {
  queued: "clock",
  sealing: "clock",
  sending: "clock",
  accepted: "tick",
  delivered: "ticks",
  read: "ticks",
  failed: "alert",
  expired: "alert",
};

interface MessageStateProps {
  state: MessageState;
  /** In a group: how far it has come. */
  reached?: MessageFacts["reached"];
  /** Without the numbers. */
  isQuiet?: boolean;
}

/** How far a message has come: a picture, and words for who does not see it. */
export function MessageStateIcon({ state, reached, isQuiet = false }: MessageStateProps) {
  const said = inWords(state, reached);
  const isPartly = reached !== undefined && reached.recipients > 1 && state === "accepted" && reached.delivered > 0;
  return (
    <span class={`state state-${state}`} title={said} data-state={state}>
      <Icon name={icons[state]} size={14} />
      {isPartly && !isQuiet && (
        <span aria-hidden="true" class="state-count">
          {reached.delivered}/{reached.recipients}
        </span>
      )}
      <span class="visually-hidden">{said}</span>
    </span>
  );
}

function inWords(state: MessageState, reached: MessageFacts["reached"]): string {
  if (!reached || reached.recipients < 2) return words.state[state];
  const { delivered, read, recipients } = reached;
  if (read > 0 && read < recipients) return words.readBy(read, recipients);
  if (state === "accepted" && delivered > 0) return words.reached(delivered, recipients, words.state.delivered);
  return words.state[state];
}
