import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { GroupContext } from "ts-mls/groupContext.js";
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { defaultKeyRetentionConfig } from "ts-mls/keyRetentionConfig.js";
import { decodeMlsMessage, type MLSMessage } from "ts-mls/message.js";
import { protectApplicationData, unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { defaultPaddingConfig } from "ts-mls/paddingConfig.js";
import { encodeProposal } from "ts-mls/proposal.js";
import { encodeCommit } from "ts-mls/commit.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import type { AuthenticatedContent } from "ts-mls/authenticatedContent.js";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { suites } from "../../src/protocol/limits.ts";
import { fromHex, isHex, readVectors, requireVectors, Tally } from "./vector-file.ts";

type WelcomeVector = Record<"init_priv" | "key_package" | "signer_pub" | "welcome", string>;
type ProtectionVector = Record<
  | "group_id"
  | "tree_hash"
  | "confirmed_transcript_hash"
  | "signature_priv"
  | "signature_pub"
  | "encryption_secret"
  | "sender_data_secret"
  | "membership_key"
  | `${"proposal" | "commit"}${"" | "_priv" | "_pub"}`
  | `application${"" | "_priv"}`,
  string
> & { epoch: number };

function decodeMessage(hex: string): MLSMessage {
  const bytes = fromHex(hex);
  const decoded = decodeMlsMessage(bytes, 0);
  if (!decoded || decoded[1] !== bytes.length) throw new Error("not an MLSMessage");
  return decoded[0];
}

/** The encoded payload of a message: what a vector names `proposal`, `commit` and `application`. */
function payload({ content }: AuthenticatedContent): Uint8Array {
  if (content.contentType === "application") return content.applicationData;
  return content.contentType === "commit" ? encodeCommit(content.commit) : encodeProposal(content.proposal);
}

describe("MLS working group vectors, suite 3: messages", () => {
  let suite: CiphersuiteImpl;

  before(async function () {
    requireVectors(this);
    suite = await suiteImplementation(suites.large);
  });

  it("welcome: opens it, and its signature and confirmation tag hold", async () => {
    const tally = new Tally("mls/welcome");
    for (const [index, vector] of readVectors<WelcomeVector[]>("mls/welcome.json").entries()) {
      await tally.run(index, async () => {
        const [keyPackage, message] = [decodeMessage(vector.key_package), decodeMessage(vector.welcome)];
        if (keyPackage.wireformat !== "mls_key_package" || message.wireformat !== "mls_welcome") return false;
        const { welcome } = message;
        const initKey = await suite.hpke.importPrivateKey(fromHex(vector.init_priv));
        const reference = await makeKeyPackageRef(keyPackage.keyPackage, suite.hash);
        const secrets = await decryptGroupSecrets(initKey, reference, welcome, suite.hpke);
        if (!secrets) return false;
        const noPsk = new Uint8Array(suite.kdf.size);
        const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
        if (!info) return false;
        return (
          (await verifyGroupInfoSignature(info, fromHex(vector.signer_pub), suite.signature)) &&
          (await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite))
        );
      });
    }
    tally.report();
  });

  it("message-protection: opens public and private messages, and what we protect", async () => {
    const tally = new Tally("mls/message-protection");
    for (const vector of readVectors<ProtectionVector[]>("mls/message-protection.json")) {
      const key = fromHex(vector.signature_pub);
      const context: GroupContext = {
        version: "mls10",
        cipherSuite: suite.name,
        groupId: fromHex(vector.group_id),
        epoch: BigInt(vector.epoch),
        treeHash: fromHex(vector.tree_hash),
        confirmedTranscriptHash: fromHex(vector.confirmed_transcript_hash),
        extensions: [],
      };
      const senderDataSecret = fromHex(vector.sender_data_secret);
      const secretTree = () => createSecretTree(2, fromHex(vector.encryption_secret), suite.kdf);
      const openPrivate = async (message: MLSMessage) => {
        if (message.wireformat !== "mls_private_message") throw new Error("not a PrivateMessage");
        const { privateMessage } = message;
        const tree = await secretTree();
        const config = defaultKeyRetentionConfig;
        return unprotectPrivateMessage(senderDataSecret, privateMessage, tree, [], context, config, suite, key);
      };
      for (const kind of ["proposal", "commit"] as const) {
        await tally.run(`${kind}_pub`, async () => {
          const message = decodeMessage(vector[`${kind}_pub`]);
          if (message.wireformat !== "mls_public_message") return false;
          const membershipKey = fromHex(vector.membership_key);
          const { publicMessage } = message;
          return isHex(
            payload(await unprotectPublicMessage(membershipKey, context, [], publicMessage, suite, key)),
            vector[kind],
          );
        });
      }
      for (const kind of ["proposal", "commit", "application"] as const) {
        await tally.run(`${kind}_priv`, async () =>
          isHex(payload((await openPrivate(decodeMessage(vector[`${kind}_priv`]))).content), vector[kind]),
        );
      }
      await tally.run("application, protected by us", async () => {
        const { privateMessage } = await protectApplicationData(
          fromHex(vector.signature_priv),
          senderDataSecret,
          fromHex(vector.application),
          new Uint8Array(),
          context,
          await secretTree(),
          1,
          defaultPaddingConfig,
          suite,
        );
        const opened = await openPrivate({ version: "mls10", wireformat: "mls_private_message", privateMessage });
        return isHex(payload(opened.content), vector.application);
      });
    }
    tally.report();
  });
});
