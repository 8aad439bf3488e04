import type { UserId } from "../../protocol/ids.ts";

/** One push to one user: that something waits, and nothing else. */
export interface PushNote {
  /** The same for the same push, however often it is tried. */
  id: string;
  user: UserId;
  /** 0 for the first push for what waits. */
  attempt: number;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * `sent`: somebody took it who is to pass it on. `failed`: it may be tried again soon. `nowhere`: there is no place to send it
 * to, or none that would take it soon; that may change, so it is tried again as seldom as a push that was sent.
 */
export type PushOutcome = "sent" | "failed" | "nowhere";

export interface Push {
  /** Never rejects, and takes no longer than some seconds. */
  send(note: PushNote): Promise<PushOutcome>;
}

/** The push services that browsers subscribe with. */
export interface PushServices {
  /** The VAPID key that browsers subscribe to: 65 bytes, base64url. */
  readonly publicKey: string;
  /** Whether this URL, a client's word, is a place at one of them. */
  accepts(endpoint: string): boolean;
}
