import { joinGroup, makePskIndex, type ClientState } from "ts-mls/clientState.js";
import { defaultClientConfig, type ClientConfig } from "ts-mls/clientConfig.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { acceptAll } from "ts-mls/incomingMessageAction.js";
import { decodeMlsMessage, type MLSMessage } from "ts-mls/message.js";
import { processMessage } from "ts-mls/processMessages.js";
import { decodeRatchetTree } from "ts-mls/ratchetTree.js";
import { bytesToBase64 } from "ts-mls/util/byteArray.js";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { suites } from "../../src/protocol/limits.ts";
import { fromHex, isHex, readVectors, requireVectors, Tally } from "./vector-file.ts";

interface PassiveVector {
  cipher_suite: number;
  external_psks: { psk_id: string; psk: string }[];
  key_package: string;
  signature_priv: string;
  encryption_priv: string;
  init_priv: string;
  welcome: string;
  ratchet_tree: string | null;
  initial_epoch_authenticator: string;
  epochs: { proposals: string[]; commit: string; epoch_authenticator: string }[];
}

/** Lifetimes are of the day the vectors were made; reading the clock is off in our engine too. */
const config: ClientConfig = {
  ...defaultClientConfig,
  lifetimeConfig: { ...defaultClientConfig.lifetimeConfig, validateLifetimeOnReceive: false },
};

function decodeMessage(hex: string): MLSMessage {
  const decoded = decodeMlsMessage(fromHex(hex), 0);
  if (!decoded) throw new Error("not an MLSMessage");
  return decoded[0];
}

async function join(vector: PassiveVector, suite: CiphersuiteImpl): Promise<ClientState> {
  const [keyPackage, message] = [decodeMessage(vector.key_package), decodeMessage(vector.welcome)];
  if (keyPackage.wireformat !== "mls_key_package" || message.wireformat !== "mls_welcome")
    throw new Error("wrong kind");
  const privateKeys = {
    initPrivateKey: fromHex(vector.init_priv),
    hpkePrivateKey: fromHex(vector.encryption_priv),
    signaturePrivateKey: fromHex(vector.signature_priv),
  };
  const tree = vector.ratchet_tree ? decodeRatchetTree(fromHex(vector.ratchet_tree), 0)?.[0] : undefined;
  const psks = makePskIndex(undefined, externalKeys(vector));
  const { welcome } = message;
  return joinGroup(welcome, keyPackage.keyPackage, privateKeys, psks, suite, tree, undefined, config);
}

async function follow(state: ClientState, hex: string, vector: PassiveVector, suite: CiphersuiteImpl) {
  const message = decodeMessage(hex);
  if (message.wireformat !== "mls_public_message" && message.wireformat !== "mls_private_message") {
    throw new Error("wrong kind");
  }
  const psks = makePskIndex(state, externalKeys(vector));
  return (await processMessage(message, state, psks, acceptAll, suite)).newState;
}

function externalKeys(vector: PassiveVector): Record<string, Uint8Array> {
  return Object.fromEntries(vector.external_psks.map((key) => [bytesToBase64(fromHex(key.psk_id)), fromHex(key.psk)]));
}

describe("MLS working group vectors, suite 3: passive clients through the engine", () => {
  let suite: CiphersuiteImpl;

  before(async function () {
    requireVectors(this);
    suite = await suiteImplementation(suites.large);
  });

  for (const name of ["passive-client-welcome", "passive-client-handling-commit"]) {
    it(`${name}: joins and agrees on every epoch's authenticator`, async () => {
      const tally = new Tally(`mls/${name}`);
      for (const [index, vector] of readVectors<PassiveVector[]>(`mls/${name}.json`).entries()) {
        if (vector.cipher_suite !== suites.large) {
          tally.cannotRun("another suite");
          continue;
        }
        await tally.run(index, async () => {
          let state = await join(vector, suite);
          if (!isHex(state.keySchedule.epochAuthenticator, vector.initial_epoch_authenticator)) return false;
          for (const epoch of vector.epochs) {
            for (const message of [...epoch.proposals, epoch.commit]) {
              state = await follow(state, message, vector, suite);
            }
            if (!isHex(state.keySchedule.epochAuthenticator, epoch.epoch_authenticator)) return false;
          }
          return true;
        });
      }
      tally.report();
    });
  }
});
