/** What a conversation's due row says; nulls where there is none. */
export interface DueState {
  dueAttempt: number | null;
  dueSince: number | null;
}

/** Whether an accept has to write the due row. Most of the time it is there already and says: at once. */
export const mustMarkDue = ({ dueAttempt, dueSince }: DueState): boolean => dueAttempt !== 0 || dueSince === null;
