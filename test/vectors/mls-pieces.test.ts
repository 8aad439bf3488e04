import { decodeAuthenticatedContent } from "ts-mls/authenticatedContent.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { refhash } from "ts-mls/crypto/hash.js";
import { decryptWithLabel, encryptWithLabel } from "ts-mls/crypto/hpke.js";
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "ts-mls/crypto/kdf.js";
import { signWithLabel, verifyWithLabel } from "ts-mls/crypto/signature.js";
import { decodeGroupContext, encodeGroupContext, type GroupContext } from "ts-mls/groupContext.js";
import { initializeEpoch, mlsExporter } from "ts-mls/keySchedule.js";
import { computePskSecret, type PreSharedKeyID } from "ts-mls/presharedkey.js";
import { createSecretTree, deriveKey, deriveNonce, ratchetUntil } from "ts-mls/secretTree.js";
import { defaultKeyRetentionConfig } from "ts-mls/keyRetentionConfig.js";
import { expandSenderDataKey, expandSenderDataNonce } from "ts-mls/sender.js";
import { createConfirmedHash, createInterimHash } from "ts-mls/transcriptHash.js";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { suites } from "../../src/protocol/limits.ts";
import { fromHex, isHex, readVectors, requireVectors, Tally } from "./vector-file.ts";

interface CryptoBasics {
  ref_hash: { label: string; value: string; out: string };
  expand_with_label: { secret: string; label: string; context: string; length: number; out: string };
  derive_secret: { secret: string; label: string; out: string };
  derive_tree_secret: { secret: string; label: string; generation: number; length: number; out: string };
  sign_with_label: { priv: string; pub: string; content: string; label: string; signature: string };
  encrypt_with_label: Record<"priv" | "pub" | "label" | "context" | "plaintext" | "kem_output" | "ciphertext", string>;
}
type EpochSecretName =
  | "init_secret"
  | "sender_data_secret"
  | "exporter_secret"
  | "external_secret"
  | "confirmation_key"
  | "membership_key"
  | "resumption_psk"
  | "epoch_authenticator";
interface KeyScheduleVector {
  group_id: string;
  initial_init_secret: string;
  epochs: (Record<
    | EpochSecretName
    | "commit_secret"
    | "psk_secret"
    | "tree_hash"
    | "confirmed_transcript_hash"
    | "group_context"
    | "joiner_secret"
    | "welcome_secret"
    | "encryption_secret"
    | "external_pub",
    string
  > & { exporter: { label: string; context: string; length: number; secret: string } })[];
}
interface SecretTreeVector {
  encryption_secret: string;
  sender_data: { sender_data_secret: string; ciphertext: string; key: string; nonce: string };
  leaves: {
    generation: number;
    handshake_key: string;
    handshake_nonce: string;
    application_key: string;
    application_nonce: string;
  }[][];
}
type TranscriptVector = Record<
  | "confirmation_key"
  | "authenticated_content"
  | "interim_transcript_hash_before"
  | "confirmed_transcript_hash_after"
  | "interim_transcript_hash_after",
  string
>;
interface PskVector {
  psks: { psk_id: string; psk: string; psk_nonce: string }[];
  psk_secret: string;
}

describe("MLS working group vectors, suite 3: the pieces", () => {
  let suite: CiphersuiteImpl;

  before(async function () {
    requireVectors(this);
    suite = await suiteImplementation(suites.large);
  });

  async function eachVector<T>(name: string, check: (vector: T, tally: Tally, id: string) => Promise<void>) {
    const tally = new Tally(`mls/${name}`);
    for (const [index, vector] of readVectors<(T & { cipher_suite: number })[]>(`mls/${name}.json`).entries()) {
      if (vector.cipher_suite === suites.large) await check(vector, tally, `${index}`);
      else tally.cannotRun("another suite");
    }
    tally.report();
  }

  it("crypto-basics: hashing, deriving, signing and encrypting with labels", () =>
    eachVector<CryptoBasics>("crypto-basics", async (vector, tally) => {
      const { ref_hash: ref, expand_with_label: expand, derive_secret: derive, derive_tree_secret: tree } = vector;
      const { sign_with_label: signed, encrypt_with_label: sealed } = vector;
      await tally.run("ref_hash", async () => isHex(await refhash(ref.label, fromHex(ref.value), suite.hash), ref.out));
      await tally.run("expand_with_label", async () => {
        const { secret, label, context, length } = expand;
        return isHex(await expandWithLabel(fromHex(secret), label, fromHex(context), length, suite.kdf), expand.out);
      });
      await tally.run("derive_secret", async () =>
        isHex(await deriveSecret(fromHex(derive.secret), derive.label, suite.kdf), derive.out),
      );
      await tally.run("derive_tree_secret", async () => {
        const { secret, label, generation, length } = tree;
        return isHex(await deriveTreeSecret(fromHex(secret), label, generation, length, suite.kdf), tree.out);
      });
      await tally.run("sign_with_label", async () => {
        const content = fromHex(signed.content);
        const made = await signWithLabel(fromHex(signed.priv), signed.label, content, suite.signature);
        const key = fromHex(signed.pub);
        const published = fromHex(signed.signature);
        const accepted = await verifyWithLabel(key, signed.label, content, published, suite.signature);
        return accepted && isHex(made, signed.signature);
      });
      await tally.run("encrypt_with_label", async () => {
        const secretKey = await suite.hpke.importPrivateKey(fromHex(sealed.priv));
        const open = (enc: Uint8Array, ct: Uint8Array) =>
          decryptWithLabel(secretKey, sealed.label, fromHex(sealed.context), enc, ct, suite.hpke);
        const publicKey = await suite.hpke.importPublicKey(fromHex(sealed.pub));
        const [context, plaintext] = [fromHex(sealed.context), fromHex(sealed.plaintext)];
        const ours = await encryptWithLabel(publicKey, sealed.label, context, plaintext, suite.hpke);
        const opened = await open(fromHex(sealed.kem_output), fromHex(sealed.ciphertext));
        return isHex(opened, sealed.plaintext) && isHex(await open(ours.enc, ours.ct), sealed.plaintext);
      });
    }));

  it("key-schedule: every secret of every epoch", () =>
    eachVector<KeyScheduleVector>("key-schedule", async (vector, tally, id) => {
      let initSecret = fromHex(vector.initial_init_secret);
      for (const [epoch, published] of vector.epochs.entries()) {
        const context: GroupContext = {
          version: "mls10",
          cipherSuite: suite.name,
          groupId: fromHex(vector.group_id),
          epoch: BigInt(epoch),
          treeHash: fromHex(published.tree_hash),
          confirmedTranscriptHash: fromHex(published.confirmed_transcript_hash),
          extensions: [],
        };
        await tally.run(`${id}, epoch ${epoch}`, async () => {
          const decoded = decodeGroupContext(fromHex(published.group_context), 0)?.[0];
          const made = await initializeEpoch(
            initSecret,
            fromHex(published.commit_secret),
            context,
            fromHex(published.psk_secret),
            suite.kdf,
          );
          const keys = made.keySchedule;
          const external = await suite.hpke.deriveKeyPair(keys.externalSecret);
          const { label, context: exported, length, secret } = published.exporter;
          const ours: [Uint8Array, string][] = [
            [encodeGroupContext(context), published.group_context],
            [encodeGroupContext(decoded!), published.group_context],
            [made.joinerSecret, published.joiner_secret],
            [made.welcomeSecret, published.welcome_secret],
            [made.encryptionSecret, published.encryption_secret],
            [keys.initSecret, published.init_secret],
            [keys.senderDataSecret, published.sender_data_secret],
            [keys.exporterSecret, published.exporter_secret],
            [keys.externalSecret, published.external_secret],
            [keys.confirmationKey, published.confirmation_key],
            [keys.membershipKey, published.membership_key],
            [keys.resumptionPsk, published.resumption_psk],
            [keys.epochAuthenticator, published.epoch_authenticator],
            [await suite.hpke.exportPublicKey(external.publicKey), published.external_pub],
            [await mlsExporter(keys.exporterSecret, label, fromHex(exported), length, suite), secret],
          ];
          return ours.every(([bytes, text]) => isHex(bytes, text));
        });
        initSecret = fromHex(published.init_secret);
      }
    }));

  it("secret-tree: sender data keys, and the keys of each leaf's generations", () =>
    eachVector<SecretTreeVector>("secret-tree", async (vector, tally, id) => {
      const { sender_data_secret: secret, ciphertext, key, nonce } = vector.sender_data;
      await tally.run(`${id}, sender data`, async () => {
        const ourKey = await expandSenderDataKey(suite, fromHex(secret), fromHex(ciphertext));
        const ourNonce = await expandSenderDataNonce(suite, fromHex(secret), fromHex(ciphertext));
        return isHex(ourKey, key) && isHex(ourNonce, nonce);
      });
      for (const [leaf, generations] of vector.leaves.entries()) {
        for (const published of generations) {
          await tally.run(`${id}, leaf ${leaf}, generation ${published.generation}`, async () => {
            const tree = await createSecretTree(vector.leaves.length, fromHex(vector.encryption_secret), suite.kdf);
            for (const kind of ["handshake", "application"] as const) {
              const start = tree[leaf * 2]![kind];
              const [{ secret: at }] = await ratchetUntil(
                start,
                published.generation,
                defaultKeyRetentionConfig,
                suite.kdf,
              );
              const ourKey = await deriveKey(at, published.generation, suite);
              const ourNonce = await deriveNonce(at, published.generation, suite);
              if (!isHex(ourKey, published[`${kind}_key`])) return false;
              if (!isHex(ourNonce, published[`${kind}_nonce`])) return false;
            }
            return true;
          });
        }
      }
    }));

  it("transcript-hashes: confirmation tag, confirmed and interim hash", () =>
    eachVector<TranscriptVector>("transcript-hashes", async (vector, tally, id) => {
      await tally.run(id, async () => {
        const decoded = decodeAuthenticatedContent(fromHex(vector.authenticated_content), 0)?.[0];
        if (decoded?.content.contentType !== "commit" || decoded.auth.contentType !== "commit") return false;
        const { content, auth, wireformat } = decoded;
        const input = { wireformat, content, signature: auth.signature };
        const before = fromHex(vector.interim_transcript_hash_before);
        const confirmed = await createConfirmedHash(before, input, suite.hash);
        const interim = await createInterimHash(confirmed, auth.confirmationTag, suite.hash);
        const tagKey = fromHex(vector.confirmation_key);
        return (
          (await suite.hash.verifyMac(tagKey, auth.confirmationTag, confirmed)) &&
          isHex(confirmed, vector.confirmed_transcript_hash_after) &&
          isHex(interim, vector.interim_transcript_hash_after)
        );
      });
    }));

  it("psk_secret: any number of external keys", () =>
    eachVector<PskVector>("psk_secret", async (vector, tally, id) => {
      await tally.run(id, async () => {
        const keys = vector.psks.map(({ psk_id, psk, psk_nonce }): [PreSharedKeyID, Uint8Array] => [
          { psktype: "external", pskId: fromHex(psk_id), pskNonce: fromHex(psk_nonce) },
          fromHex(psk),
        ]);
        return isHex(await computePskSecret(keys, suite), vector.psk_secret);
      });
    }));
});
