/**
 * The worker: everything that holds or uses a key. The page is a screen for it, by what `bridge/contract.ts` says and no more.
 */
import { answerCalls, tellThrough, type Port } from "../bridge/answering.ts";
import { conversationAnswers } from "./answers/conversation-answers.ts";
import { messageAnswers } from "./answers/message-answers.ts";
import { sessionAnswers } from "./answers/session-answers.ts";
import { trustAnswers } from "./answers/trust-answers.ts";
import { Session } from "./session.ts";

// The compiler takes it for a window.
const port = globalThis as unknown as Port;
const session = new Session(tellThrough(port));

answerCalls(port, {
  ...sessionAnswers(session),
  ...conversationAnswers(session),
  ...messageAnswers(session),
  ...trustAnswers(session),
});
