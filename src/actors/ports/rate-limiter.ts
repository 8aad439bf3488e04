/** Token buckets by name and subject. */
export interface RateLimiter {
  /** Takes `cost` tokens. Answers 0 when there were enough, else the milliseconds until there are; nothing is taken then. */
  take(bucket: RateBucket, subject: string, cost?: number): Promise<number> | number;
}

/** Every bucket, and what its subject is. Sizes are settings. */
export type RateBucket =
  | "handshake" // address
  | "request" // device
  | "message" // device
  | "typing" // device
  | "claim" // user who asks
  | "claimed" // user whose packages are taken
  | "conversation" // user who makes it
  | "readd" // device and conversation
  | "reset" // user
  | "recovery" // user whose vault is fetched
  | "vault" // user
  | "blob" // user who begins it
  | "blob-request" // user who asks
  | "sign-in" // address and name
  | "sign-up"; // address
