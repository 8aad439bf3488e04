/** What is asked for over plain HTTP: accounts of a deployment without a host application (`ACCOUNTS=on`). */
import * as z from "zod/mini";
import { wireError } from "./errors.ts";
import { userId } from "./ids.ts";
import { timestamp } from "./log-entry.ts";

/** Bounds of a password, in UTF-16 units. Any character will do. */
export const passwordLength = { min: 8, max: 1024 } as const;

export const credentials = z.object({
  user: userId,
  password: z.string().check(z.minLength(passwordLength.min), z.maxLength(passwordLength.max)),
});

/** A token to connect with, until `expiresAt`. */
export const session = z.object({ token: z.string(), user: userId, expiresAt: timestamp });

/** What every refusal over HTTP looks like. */
export const httpRefusal = z.object({ ok: z.literal(false), error: wireError });
