import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ConversationFacts, MessageFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { titleOf } from "../../state/conversations.ts";
import { drafts, keepDraft } from "../../state/drafts.ts";
import { edit, send } from "../../state/messages.ts";
import { run } from "../../state/notices.ts";
import { editing, replyingTo, shown } from "../../state/open-conversation.ts";
import { Icon } from "../parts/icon.tsx";
import { ChosenFiles, ComposerContext } from "./composer-context.tsx";
import { startEdit } from "./message-menu.tsx";

const words = strings.composer;

export function Composer({ conversation }: { conversation: ConversationFacts }) {
  const { id } = conversation;
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(drafts.value.get(id) ?? "");
  const [files, setFiles] = useState<File[]>([]);
  const { value: edited } = editing;
  const isReady = text.trim() !== "" || files.length > 0;

  useGrowing(input, text);
  useEffect(() => {
    if (edited) setText(edited.text);
    // Who is in the details, and has unblocked somebody there, stays there.
    if (!document.activeElement?.closest("aside")) input.current?.focus();
  }, [edited, replyingTo.value]);

  const change = (now: string): void => {
    setText(now);
    if (edited) return;
    keepDraft(id, now);
    run(bridge.call("typing", { conversation: id, isTyping: now !== "" }));
  };
  const submit = (): void => {
    if (!isReady) return;
    run(edited ? edit(text.trim()) : send(text.trim(), files));
    setText("");
    setFiles([]);
    keepDraft(id, "");
    input.current?.focus();
  };
  const abandon = (): void => {
    if (edited) setText(drafts.value.get(id) ?? "");
    editing.value = undefined;
    replyingTo.value = undefined;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") abandon();
    else if (event.key === "ArrowUp" && text === "") editLast(event);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <ComposerContext onAbandon={abandon} />
      <ChosenFiles files={files} onRemove={(file) => setFiles(files.filter((one) => one !== file))} />
      <div class="composer-line">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            setFiles([...files, ...(currentTarget.files ?? [])].slice(0, 10));
            currentTarget.value = "";
            input.current?.focus();
          }}
        />
        <button
          type="button"
          class="icon-button"
          aria-label={words.attach}
          title={words.attach}
          disabled={edited !== undefined}
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          autocomplete="off"
          aria-label={words.label(titleOf(conversation))}
          placeholder={words.placeholder}
          value={text}
          onInput={({ currentTarget }) => change(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="send" aria-label={edited ? words.save : words.send} disabled={!isReady}>
          <Icon name={edited ? "tick" : "send"} />
        </button>
      </div>
    </form>
  );
}

/** As high as what is in it; the style says how high it may get. */
function useGrowing(input: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const { current } = input;
    if (!current) return;
    current.style.blockSize = "auto";
    current.style.blockSize = `${current.scrollHeight}px`;
  }, [text]);
}

/** As people know it from elsewhere: an arrow up where nothing is typed edits what was said last. */
function editLast(event: KeyboardEvent): void {
  const last = shown.value.entries.findLast(
    (entry): entry is MessageFacts => entry.kind === "message" && entry.isOwn && !entry.isRetracted,
  );
  if (!last || last.text === "" || last.sequence === undefined) return;
  event.preventDefault();
  startEdit(last);
}
