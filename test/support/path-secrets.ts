import { encode } from "ts-mls/codec/tlsEncoder.js";
import { decryptWithLabel } from "ts-mls/crypto/hpke.js";
import { groupContextEncoder } from "ts-mls/groupContext.js";
import type { Group } from "../../src/crypto/group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { decodeMlsStrictly } from "../../src/identity/mls-decoding.ts";

/**
 * How many of the secrets in a commit's path open under any private key that `holder`, a state of the epoch before, holds.
 * `after`: the state of any member who has followed the commit: it says what the secrets are bound to.
 */
export async function pathSecretsOpenedBy(holder: Group, commit: Uint8Array, after: Group): Promise<number> {
  const { state, primitives } = toMlsGroup(holder);
  const { treeHash, epoch } = toMlsGroup(after).state.groupContext;
  const context = encode(groupContextEncoder)({ ...state.groupContext, treeHash, epoch });
  const keys = await Promise.all(
    Object.values(state.privatePath.privateKeys).map((key) => primitives.hpke.importPrivateKey(key)),
  );
  let opened = 0;
  for (const { kemOutput, ciphertext } of pathOf(commit)) {
    for (const key of keys) {
      const open = decryptWithLabel(key, "UpdatePathNode", context, kemOutput, ciphertext, primitives.hpke);
      if (await open.then(isOpen, isClosed)) opened += 1;
    }
  }
  return opened;
}

const isOpen = (): boolean => true;
const isClosed = (): boolean => false;

function pathOf(commit: Uint8Array) {
  const message = decodeMlsStrictly(commit);
  if (message.wireformat !== "mls_public_message" || message.publicMessage.content.contentType !== "commit") {
    throw new Error("not a commit");
  }
  const { path } = message.publicMessage.content.commit;
  return (path?.nodes ?? []).flatMap((node) => node.encryptedPathSecret);
}
