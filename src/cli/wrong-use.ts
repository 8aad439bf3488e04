/** The command line makes no sense; `message` says what, and ends as a sentence. */
export class WrongUse extends Error {
  override readonly name = "WrongUse";
}
