import { SottoError, type Group } from "../../../client/index.ts";
import type { Answers } from "../../bridge/contract.ts";
import { hitFacts } from "../message-facts.ts";
import type { Session } from "../session.ts";

export function conversationAnswers(session: Session) {
  const group = (id: string): Group => {
    const conversation = session.view.conversation(id);
    if (conversation.kind !== "group") throw new SottoError("invalid-argument", { detail: "That is no group." });
    return conversation as Group;
  };
  return {
    conversations: () => session.list.all(),
    async openDirect({ user }) {
      const direct = await session.client.direct(user);
      session.list.watchPeople();
      return session.list.facts(direct);
    },
    async createGroup({ name, members }) {
      return session.list.facts(await session.client.createGroup({ name, members }));
    },
    enter: ({ conversation }) => session.view.enter(conversation),
    leaveView: () => session.view.leave(),
    history: (given, signal) => session.view.history(given, signal),
    async search({ words, ...options }, signal) {
      if (!/[\p{L}\p{N}]/u.test(words)) return [];
      const hits = await session.client.search(words, { ...options, signal });
      return hits.flatMap(({ conversation, message }) => hitFacts(conversation.id, message, session.client.user));
    },

    addMember: async ({ conversation, user }) =>
      (await group(conversation).add(user)) === "invited" ? "invited" : "added",
    removeMember: ({ conversation, user }) => group(conversation).remove(user),
    setRole: ({ conversation, user, role }) => group(conversation).setRole(user, role),
    rename: ({ conversation, name }) => group(conversation).rename(name),
    setDisappearing: ({ conversation, seconds }) => group(conversation).setDisappearing(seconds),
    setRetention: ({ conversation, days }) => group(conversation).setRetention(days),
    leaveGroup: ({ conversation }) => group(conversation).leave(),
  } satisfies Partial<Answers>;
}
