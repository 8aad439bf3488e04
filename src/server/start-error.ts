/** A node could not start, for a reason that its operator can do something about; `message` says what. */
export class StartError extends Error {
  override readonly name = "StartError";
}
