import { useRef, useState } from "preact/hooks";
import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { titleOf } from "../../state/conversations.ts";
import { isChatSearchOpen } from "../../state/dialogs.ts";
import { Icon } from "../parts/icon.tsx";
import { FoundMessages } from "../search/found-messages.tsx";
import { SearchField } from "../search/search-field.tsx";
import { useResultKeys } from "../search/use-result-keys.ts";
import { useSearch } from "../search/use-search.ts";

/** Over the log: search in this conversation alone. */
export function ChatSearch({ conversation }: { conversation: ConversationFacts }) {
  const frame = useRef<HTMLDivElement>(null);
  const [sought, setSought] = useState("");
  const search = useSearch(sought, conversation.id);
  const close = (): void => {
    isChatSearchOpen.value = false;
    document.querySelector<HTMLElement>("[data-chat-search]")?.focus();
  };
  const onKeyDown = useResultKeys(frame, { clear: () => false, leave: close });
  return (
    <div ref={frame} class="chat-search" onKeyDown={onKeyDown}>
      <div class="chat-search-line">
        <SearchField
          label={strings.search.inConversation(titleOf(conversation))}
          value={sought}
          onValue={setSought}
          isFirst
        />
        <button type="button" class="icon-button" aria-label={strings.close} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div class="chat-search-results">
        <FoundMessages search={search} isInOne />
      </div>
    </div>
  );
}
