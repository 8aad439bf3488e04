/** What one look at one thing found. */
export interface Finding {
  check: string;
  /** `note`: works, but somebody should know. */
  state: "good" | "note" | "bad";
  says: string;
  todo?: string;
}
