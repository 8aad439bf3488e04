import type { Client } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId } from "../../src/protocol/ids.ts";
import { forgeCommit } from "./forged-commit.ts";
import { coreOf, heldGroup } from "./held-state.ts";

/**
 * An insider's commit that a node takes and that no member can follow: its path secrets are nobody's. Sent in the place of what
 * the insider's own client would do. Resolves with its sequence.
 */
export async function commitThatNobodyFollows(insider: Client, conversation: string): Promise<number> {
  const group = await heldGroup(insider, conversation);
  const commit = await forgeCommit(group, {
    path: (path) => ({
      ...path,
      nodes: path.nodes.map((node) => ({
        ...node,
        encryptedPathSecret: node.encryptedPathSecret.map(({ kemOutput, ciphertext }) => ({
          kemOutput,
          ciphertext: ciphertext.map((byte) => byte ^ 1),
        })),
      })),
    }),
  });
  const { generation, epoch } = group;
  const { sequence } = await coreOf(insider).connection.request("conversation:commit", {
    conversation: group.conversation,
    generation,
    epoch,
    id: newId(),
    commit: toBase64(commit),
  });
  return sequence;
}
