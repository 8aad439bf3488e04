import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { AcceptLeave } from "./ports/store-conversations.ts";
import type { Store } from "./ports/store.ts";

/**
 * Whether a device may say that its user leaves: it signed that, and nobody is left without the role that the user has. Throws
 * `forbidden`, `conversation-unknown`. The compare-and-set is the store's.
 */
export async function checkLeave(
  { store, checks }: { store: Store; checks: PublicChecks },
  { user, device, deviceKey }: Omit<Caller, "socket">,
  request: RequestOf<"conversation:leave">,
): Promise<AcceptLeave> {
  const { conversation, generation, epoch, id } = request;
  const row = await store.findConversation(conversation);
  if (!row?.group) throw new SottoError("conversation-unknown");
  const signature = fromBase64(request.signature);
  if (!checks.isLeaveSigned({ conversation, generation, epoch, id, user, device }, signature, deviceKey)) {
    throw new SottoError("forbidden", { detail: "The leave is not signed by this device." });
  }
  const hasRole = row.group.policy?.roles.some((holder) => holder.user === user) ?? false;
  if (hasRole && row.users.some((other) => other !== user)) {
    throw new SottoError("forbidden", { detail: "Who has a role in a group gives it up before leaving." });
  }
  return { conversation, generation, epoch, id, sender: { user, device }, signature };
}
