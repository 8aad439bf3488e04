import { SottoError, type Message, type RecipientReceipt } from "../../../client/index.ts";
import type { Answers, NewMessageFacts, ReceiptFacts } from "../../bridge/contract.ts";
import type { Session } from "../session.ts";

export function messageAnswers(session: Session) {
  /** What a retry sends again. The SDK keeps no files of a message that has failed. */
  const written = new Map<string, NewMessageFacts>();

  const send = (given: NewMessageFacts) => {
    const conversation = session.view.conversation(given.conversation);
    const { text, replyTo, files = [] } = given;
    const message = conversation.send({
      text,
      attachments: files.map((data) => ({ data })),
      ...(replyTo !== undefined && { replyTo: replyTo as Message["id"] }),
    });
    if (files.length > 0) forgetWhenSent(message, given);
    session.list.touch(conversation.id);
    return session.view.facts(conversation, message);
  };
  const forgetWhenSent = (message: Message, given: NewMessageFacts): void => {
    written.set(message.id, given);
    message.reached("accepted").then(
      () => written.delete(message.id),
      () => undefined,
    );
  };
  const place = (conversation: string, id: string) => ({
    chat: session.view.conversation(conversation),
    message: session.view.message(conversation, id),
  });

  return {
    drafts: () =>
      session.client
        .conversations()
        .map(({ id, draft }) => ({ conversation: id, text: draft }))
        .filter(({ text }) => text !== ""),
    keepDraft: ({ conversation, text }) => session.view.conversation(conversation).setDraft(text),
    send,
    retry({ conversation, message: id }) {
      const { message } = place(conversation, id);
      if (message.state !== "failed") throw new SottoError("invalid-argument", { detail: "It has not failed." });
      const { text, replyTo } = message;
      return send(written.get(id) ?? { conversation, text, ...(replyTo !== undefined && { replyTo }) });
    },
    async edit({ conversation, message: id, text }) {
      const { chat, message } = place(conversation, id);
      await chat.edit(message, text);
    },
    async retract({ conversation, message: id }) {
      const { chat, message } = place(conversation, id);
      await chat.retract(message);
    },
    async react({ conversation, message: id, emoji, remove }) {
      const { chat, message } = place(conversation, id);
      await chat.react(message, emoji, { remove });
    },
    async markRead({ conversation, message: id }) {
      const { chat, message } = place(conversation, id);
      await chat.markRead(message);
    },
    typing: ({ conversation, isTyping }) => session.view.conversation(conversation).typing({ isTyping }),
    async receipts({ conversation, message: id }) {
      return (await place(conversation, id).message.receipts()).map(receiptFacts);
    },
    async download({ conversation, message: id, index }, signal) {
      const attachment = place(conversation, id).message.attachments[index];
      if (!attachment) throw new SottoError("blob-unknown");
      const onProgress = (progress: { received: number; total: number }): void =>
        session.tell("download", { message: id, index, ...progress });
      const bytes = await attachment.download({ signal, onProgress }).bytes();
      // What a sender says of its type decides nothing: a page of theirs would run as one of ours.
      return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
    },
  } satisfies Partial<Answers>;
}

function receiptFacts({ user, deliveredAt, readAt, expiredAt, unopenedAt }: RecipientReceipt): ReceiptFacts {
  return {
    user,
    ...(deliveredAt && { deliveredAt: deliveredAt.getTime() }),
    ...(readAt && { readAt: readAt.getTime() }),
    ...(expiredAt && { expiredAt: expiredAt.getTime() }),
    ...(unopenedAt && { unopenedAt: unopenedAt.getTime() }),
  };
}
