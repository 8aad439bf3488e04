import type { ClientState } from "ts-mls/clientState.js";
import { createApplicationMessage } from "ts-mls/createMessage.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import type { PrivateMessage } from "ts-mls/privateMessage.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import type { OpenedInGroup, SealedInGroup } from "../group-engine.ts";
import { clientConfig } from "./configuration.ts";
import { memberAt } from "./mls-group.ts";
import type { MlsGroup } from "./mls-group.ts";
import { releaseOf } from "./retained-secrets.ts";
import { require } from "./roster-rules.ts";

/** Seals in the current epoch, with the next key of this device's ratchet. */
export async function sealInMls(
  group: MlsGroup,
  plaintext: Uint8Array,
  authenticatedData: Uint8Array,
): Promise<SealedInGroup> {
  const sealed = await createApplicationMessage(group.state, plaintext, group.primitives, authenticatedData);
  const { newState, privateMessage, consumed } = sealed;
  const ciphertext = encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
  return { group: group.withRatchets(newState), ciphertext, release: releaseOf(consumed) };
}

/** Opens a message of the current epoch or of a past one that is still kept. Throws on anything else. */
export async function openInMls(group: MlsGroup, ciphertext: Uint8Array): Promise<OpenedInGroup> {
  const message = decodeMlsStrictly(ciphertext);
  require(message.wireformat === "mls_private_message", "a message is a PrivateMessage");
  const { privateMessage } = message;
  require(equalBytes(privateMessage.groupId, group.state.groupContext.groupId), "the message is of this group");
  require(privateMessage.contentType === "application", "handshakes are not encrypted");
  const epoch = epochOf(group.state, privateMessage);
  const { content, tree, consumed } = await unprotectPrivateMessage(
    epoch.senderDataSecret,
    privateMessage,
    epoch.secretTree,
    epoch.ratchetTree,
    epoch.groupContext,
    clientConfig.keyRetentionConfig,
    group.primitives,
  );
  const { sender, authenticatedData } = content.content;
  require(content.content.contentType === "application" && sender.senderType === "member", "a member's message");
  require(sender.leafIndex !== group.ownLeaf, "what we sent ourselves is not opened");
  const member = memberAt(epoch.ratchetTree, sender.leafIndex);
  require(member !== undefined, "the sender was a member");
  return {
    group: group.withRatchets(withSecretTree(group.state, privateMessage.epoch, tree)),
    plaintext: content.content.applicationData.slice(),
    authenticatedData: authenticatedData.slice(),
    sender: member,
    epoch: Number(privateMessage.epoch),
    release: releaseOf(consumed),
  };
}

type EpochSecrets = Pick<ClientState, "secretTree" | "ratchetTree" | "groupContext"> & { senderDataSecret: Uint8Array };

function epochOf(state: ClientState, message: PrivateMessage): EpochSecrets {
  if (message.epoch === state.groupContext.epoch) {
    return { ...state, senderDataSecret: state.keySchedule.senderDataSecret };
  }
  const past = state.historicalReceiverData.get(message.epoch);
  require(past !== undefined, "the epoch is kept");
  return past;
}

function withSecretTree(
  state: ClientState,
  epoch: bigint,
  secretTree: ClientState["secretTree"],
): Pick<ClientState, "secretTree" | "historicalReceiverData"> {
  const { historicalReceiverData } = state;
  if (epoch === state.groupContext.epoch) return { secretTree, historicalReceiverData };
  const past = historicalReceiverData.get(epoch);
  require(past !== undefined, "the epoch is kept");
  const moved = new Map(historicalReceiverData).set(epoch, { ...past, secretTree });
  return { secretTree: state.secretTree, historicalReceiverData: moved };
}
