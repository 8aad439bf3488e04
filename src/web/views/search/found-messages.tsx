import type { HitFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { conversationById, titleOf } from "../../state/conversations.ts";
import { showMessage } from "../../state/open-conversation.ts";
import { Avatar } from "../parts/avatar.tsx";
import { FormError } from "../parts/field.tsx";
import { shortTime } from "../parts/times.ts";
import { MarkedText } from "./marked-text.tsx";
import { hitsAtMost, type Search } from "./use-search.ts";

const words = strings.search;

/** What a search has found, with what it searches and how it stands. `isInOne`: in one conversation, whose name goes without saying. */
export function FoundMessages({ search, isInOne = false }: { search: Search; isInOne?: boolean }) {
  const { hits, error } = search;
  return (
    <>
      <p class="list-hint" role="status">
        {standing(search)}
      </p>
      <FormError text={error} />
      {hits && hits.length > 0 && (
        <ul class="found-messages" aria-label={words.messages}>
          {hits.map((hit) => (
            <Hit key={hit.message} hit={hit} words={search.words} isInOne={isInOne} />
          ))}
        </ul>
      )}
      {hits?.length === hitsAtMost && <p class="list-hint">{words.most(hitsAtMost)}</p>}
    </>
  );
}

function standing({ hits, isSearching, error }: Search): string {
  if (error !== undefined) return "";
  if (!hits) return isSearching ? words.searching : words.onDevice;
  return hits.length === 0 ? words.none : words.found(hits.length);
}

function Hit({ hit, words: sought, isInOne }: { hit: HitFacts; words: string; isInOne: boolean }) {
  const { conversation, sender, isOwn, text, at } = hit;
  const who = isOwn ? strings.message.you : sender;
  const facts = conversationById(conversation);
  const title = isInOne || !facts ? who : titleOf(facts);
  return (
    <li>
      <a
        class="row"
        href={`#${conversation}`}
        onClick={(event) => {
          event.preventDefault();
          showMessage(hit);
        }}
      >
        <Avatar name={isInOne ? sender : title} isSmall />
        <span class="row-title">{title}</span>
        <span class="row-time">
          <time dateTime={new Date(at).toISOString()}>{shortTime(at)}</time>
        </span>
        <span class="row-last">
          <span class="row-words" dir="auto">
            {!isInOne && title !== who && `${who}: `}
            <MarkedText text={text} words={sought} />
          </span>
        </span>
      </a>
    </li>
  );
}
