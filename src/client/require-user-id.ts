import { SottoError } from "../protocol/errors.ts";
import { userId, type UserId } from "../protocol/ids.ts";

/** The id of a user, as an application gave it. Throws `invalid-argument` for what is none. */
export function requireUserId(user: string): UserId {
  const parsed = userId.safeParse(user);
  if (parsed.success) return parsed.data;
  throw new SottoError("invalid-argument", { detail: "A user id is 1 to 128 visible ASCII characters." });
}
