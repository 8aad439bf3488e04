/** Which handler answers which request: one file each. The compiler holds the list to the protocol. */
import type { RequestName } from "../protocol/requests.ts";
import type { Handler } from "./handler.ts";
import { ackInbox } from "./handlers/ack-inbox.ts";
import { ackMessages } from "./handlers/ack-messages.ts";
import { claimKeyPackages } from "./handlers/claim-key-packages.ts";
import { commitToConversation } from "./handlers/commit-to-conversation.ts";
import { completeLink } from "./handlers/complete-link.ts";
import { createGroup } from "./handlers/create-group.ts";
import { fetchRecovery } from "./handlers/fetch-recovery.ts";
import { fetchLink } from "./handlers/fetch-link.ts";
import { grantArchiveKeys } from "./handlers/grant-archive-keys.ts";
import { grantToRecovery } from "./handlers/grant-to-recovery.ts";
import { readArchiveGrants } from "./handlers/read-archive-grants.ts";
import { leaveConversation } from "./handlers/leave-conversation.ts";
import { listConversations } from "./handlers/list-conversations.ts";
import { nameDevice } from "./handlers/name-device.ts";
import { offerLink } from "./handlers/offer-link.ts";
import { openConversation } from "./handlers/open-conversation.ts";
import { proveDevice } from "./handlers/prove-device.ts";
import { publishKeyPackages } from "./handlers/publish-key-packages.ts";
import { putArchive } from "./handlers/put-archive.ts";
import { readArchive } from "./handlers/read-archive.ts";
import { putRecovery } from "./handlers/put-recovery.ts";
import { readBlocks } from "./handlers/read-blocks.ts";
import { readDeviceNames } from "./handlers/read-device-names.ts";
import { readDevices } from "./handlers/read-devices.ts";
import { readHistory } from "./handlers/read-history.ts";
import { readInbox } from "./handlers/read-inbox.ts";
import { readLog } from "./handlers/read-log.ts";
import { readPushKey } from "./handlers/read-push-key.ts";
import { readReceipts } from "./handlers/read-receipts.ts";
import { readRecovery } from "./handlers/read-recovery.ts";
import { readListHead } from "./handlers/read-list-head.ts";
import { putReadMark } from "./handlers/put-read-mark.ts";
import { readOwnMark } from "./handlers/read-own-mark.ts";
import { setPrivacy } from "./handlers/set-privacy.ts";
import { readPrivacy } from "./handlers/read-privacy.ts";
import { registerDevice } from "./handlers/register-device.ts";
import { requestReadd } from "./handlers/request-readd.ts";
import { restoreDevice } from "./handlers/restore-device.ts";
import { restoreLog } from "./handlers/restore-log.ts";
import { startOver } from "./handlers/start-over.ts";
import { revokeDevice } from "./handlers/revoke-device.ts";
import { saveVault } from "./handlers/save-vault.ts";
import { sendMessage } from "./handlers/send-message.ts";
import { sendTyping } from "./handlers/send-typing.ts";
import { setBlock } from "./handlers/set-block.ts";
import { shareHistory } from "./handlers/share-history.ts";
import { subscribeToPushes } from "./handlers/subscribe-to-pushes.ts";
import { unsubscribeFromPushes } from "./handlers/unsubscribe-from-pushes.ts";
import { watchPresence } from "./handlers/watch-presence.ts";

export const handlers: { readonly [N in RequestName]: Handler<N> } = {
  "session:prove": proveDevice,
  "session:register": registerDevice,
  "devices:head": readListHead,
  "session:reset": startOver,
  "session:restore": restoreDevice,
  "link:offer": offerLink,
  "link:fetch": fetchLink,
  "link:complete": completeLink,
  "devices:read": readDevices,
  "devices:revoke": revokeDevice,
  "devices:name": nameDevice,
  "devices:names": readDeviceNames,
  "keypackages:publish": publishKeyPackages,
  "keypackages:claim": claimKeyPackages,
  "conversation:open": openConversation,
  "conversation:create": createGroup,
  "conversation:list": listConversations,
  "conversation:commit": commitToConversation,
  "conversation:leave": leaveConversation,
  "message:send": sendMessage,
  "message:ack": ackMessages,
  "log:read": readLog,
  "log:restore": restoreLog,
  "history:read": readHistory,
  "history:share": shareHistory,
  "archive:put": putArchive,
  "archive:read": readArchive,
  "archive:grant": grantArchiveKeys,
  "archive:granted": readArchiveGrants,
  "typing:send": sendTyping,
  "receipts:read": readReceipts,
  "inbox:read": readInbox,
  "inbox:ack": ackInbox,
  "recovery:read": readRecovery,
  "recovery:put": putRecovery,
  "recovery:save": saveVault,
  "recovery:grant": grantToRecovery,
  "recovery:fetch": fetchRecovery,
  "readd:request": requestReadd,
  "presence:watch": watchPresence,
  "marks:put": putReadMark,
  "marks:read": readOwnMark,
  "privacy:set": setPrivacy,
  "privacy:read": readPrivacy,
  "blocks:set": setBlock,
  "blocks:read": readBlocks,
  "push:key": readPushKey,
  "push:subscribe": subscribeToPushes,
  "push:unsubscribe": unsubscribeFromPushes,
};
