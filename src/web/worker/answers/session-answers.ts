import type { Answers } from "../../bridge/contract.ts";
import { hasAccounts } from "../accounts.ts";
import type { Session } from "../session.ts";

export function sessionAnswers(session: Session) {
  return {
    signUp: (given) => session.signUp(given),
    logIn: (given) => session.logIn(given),
    unlock: (given) => session.unlock(given),
    accounts: () => hasAccounts(),
    takeToken: ({ token }) => session.takeToken(token),
    openWithToken: (given) => session.openWithToken(given),
    lock: () => session.close(),
    erase: ({ user }) => session.erase(user),
    startLink: () => session.startLink(),
    finishLink: () => session.finishLink(),
    async restore({ words, revokeOthers }, signal) {
      await session.client.recovery.restore(words, { revokeOthers, signal });
      session.ready();
    },
    async startOver(_given, signal) {
      await session.client.startOver({ signal });
      session.ready();
    },
  } satisfies Partial<Answers>;
}
