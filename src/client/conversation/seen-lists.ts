/** Device lists as they are named in messages: the sender names its own, and what others name is held against what this device knows. */
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { ConversationId, UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";

export interface ListHead {
  version: number;
  /** 32 bytes. */
  head: Uint8Array;
}

export function ownListHead(core: ClientCore): ListHead {
  const list = core.directory.get(core.own.user);
  return { version: list?.version ?? 0, head: list?.head ?? new Uint8Array(32) };
}

/**
 * A sender names its list in every message: a newer one is fetched (`refresh`); one that differs from ours, or is withheld, is reported.
 */
export async function checkList(
  core: ClientCore,
  { conversation, user }: { conversation: ConversationId; user: UserId },
  seen: ListHead,
  refresh: () => Promise<void>,
): Promise<void> {
  const { directory } = core;
  if (seen.version === 0) return;
  if (!directory.headAt(user, seen.version)) {
    const fetched = await refresh().then(
      () => true,
      () => false,
    );
    if (!fetched) return;
  }
  const ours = directory.headAt(user, seen.version);
  if (ours && equalBytes(ours, seen.head)) return;
  core.report({ code: "untrusted-list", conversation, user });
}
