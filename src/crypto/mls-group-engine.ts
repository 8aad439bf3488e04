import { mlsExporter } from "ts-mls/keySchedule.js";
import { SottoError } from "../protocol/errors.ts";
import type { GroupEngine } from "./group-engine.ts";
import { createKeyPackage } from "./key-package.ts";
import { applyMlsCommit } from "./mls/apply-commit.ts";
import { createMlsGroup } from "./mls/create-group.ts";
import { decodeMlsGroup, encodeMlsGroup, encodeMlsRatchets } from "./mls/group-codec.ts";
import { joinMlsGroup } from "./mls/join-group.ts";
import { openInMls, sealInMls } from "./mls/messages.ts";
import { toActiveGroup, toMlsGroup } from "./mls/mls-group.ts";
import { pairOfWelcome } from "./mls/pair-of-welcome.ts";
import { asCommitRefusal, prepareMlsCommit } from "./mls/prepare-commit.ts";

/** The group engine over MLS (RFC 9420). Holds no state of its own. */
export const mlsGroupEngine: GroupEngine = {
  createKeyPackage,
  createGroup: createMlsGroup,

  async prepareCommit(group, changes, options = {}) {
    const active = toActiveGroup(group);
    try {
      return await prepareMlsCommit(active, changes, options);
    } catch (cause) {
      if (cause instanceof SottoError) throw cause;
      throw asCommitRefusal(cause);
    }
  },

  async applyCommit(group, commit, policy) {
    const active = toActiveGroup(group);
    try {
      return await applyMlsCommit(active, commit, policy);
    } catch (cause) {
      throw asCommitRefusal(cause);
    }
  },

  async findPair(welcome, pairs) {
    try {
      return pairOfWelcome(welcome, pairs);
    } catch {
      return undefined;
    }
  },

  async joinGroup(identity, welcome, pair, policy) {
    return alike(() => joinMlsGroup(identity, welcome, pair, policy));
  },

  async seal(group, plaintext, authenticatedData) {
    return sealInMls(toActiveGroup(group), plaintext, authenticatedData);
  },

  async open(group, ciphertext) {
    const mls = toMlsGroup(group);
    return alike(() => openInMls(mls, ciphertext));
  },

  async exportSecret(group, label, context, length) {
    const { state, primitives } = toActiveGroup(group);
    return mlsExporter(state.keySchedule.exporterSecret, label, context, length, primitives);
  },

  encodeGroup: (group) => encodeMlsGroup(toMlsGroup(group)),
  encodeRatchets: (group, since) => encodeMlsRatchets(toMlsGroup(group), since && toMlsGroup(since)),

  async decodeGroup(encoded, identity) {
    try {
      return await decodeMlsGroup(encoded, identity);
    } catch (cause) {
      throw new SottoError("store-unreadable", { detail: "A stored group is damaged, or another device's.", cause });
    }
  },
};

/** Every fault is the same refusal, without its cause: what was wrong is not told. */
async function alike<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch {
    throw new SottoError("undecryptable");
  }
}
