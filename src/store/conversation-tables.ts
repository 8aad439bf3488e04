/** The tables that have rows of each conversation, beside its own, its members', its log's and devices' inboxes: what takes a conversation away goes by them. */
export const tablesOfEachConversation = [
  "receipts",
  "history_keys",
  "history_shares",
  "welcomes",
  "readd_requests",
  "due",
  "disappearing",
  "conversation_devices",
  "rosters",
] as const;
