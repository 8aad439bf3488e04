/**
 * Who may read what was before it joined a group. joined_sequence: of the stay that it holds for; first_sequence: from where;
 * device, signature: who let it, and what it signed.
 */
export const historyShares = `
CREATE TABLE history_shares (
  conversation BLOB NOT NULL REFERENCES conversations (conversation), user TEXT NOT NULL, joined_sequence INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL, device BLOB NOT NULL, signature BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_shares_by_time ON history_shares (at);
`;
