/** Which handler answers which request: one file each. The compiler holds the list to the protocol. */
import type { RequestName } from "../protocol/requests.ts";
import type { Handler } from "./handler.ts";
import { ackInbox } from "./handlers/ack-inbox.ts";
import { ackMessages } from "./handlers/ack-messages.ts";
import { claimKeyPackages } from "./handlers/claim-key-packages.ts";
import { commitToConversation } from "./handlers/commit-to-conversation.ts";
import { completeLink } from "./handlers/complete-link.ts";
import { fetchLink } from "./handlers/fetch-link.ts";
import { listConversations } from "./handlers/list-conversations.ts";
import { offerLink } from "./handlers/offer-link.ts";
import { openConversation } from "./handlers/open-conversation.ts";
import { proveDevice } from "./handlers/prove-device.ts";
import { publishKeyPackages } from "./handlers/publish-key-packages.ts";
import { readDevices } from "./handlers/read-devices.ts";
import { readInbox } from "./handlers/read-inbox.ts";
import { readLog } from "./handlers/read-log.ts";
import { readReceipts } from "./handlers/read-receipts.ts";
import { registerDevice } from "./handlers/register-device.ts";
import { requestReadd } from "./handlers/request-readd.ts";
import { revokeDevice } from "./handlers/revoke-device.ts";
import { sendMessage } from "./handlers/send-message.ts";

export const handlers: { readonly [N in RequestName]: Handler<N> } = {
  "session:prove": proveDevice,
  "session:register": registerDevice,
  "link:offer": offerLink,
  "link:fetch": fetchLink,
  "link:complete": completeLink,
  "devices:read": readDevices,
  "devices:revoke": revokeDevice,
  "keypackages:publish": publishKeyPackages,
  "keypackages:claim": claimKeyPackages,
  "conversation:open": openConversation,
  "conversation:list": listConversations,
  "conversation:commit": commitToConversation,
  "message:send": sendMessage,
  "message:ack": ackMessages,
  "log:read": readLog,
  "receipts:read": readReceipts,
  "inbox:read": readInbox,
  "inbox:ack": ackInbox,
  "readd:request": requestReadd,
};
