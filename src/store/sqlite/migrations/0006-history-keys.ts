/** The archives of users: their history keys, sealed. ended_at: when a later one of the conversation came; null of the latest. */
export const historyKeys = `
CREATE TABLE history_keys (
  user TEXT NOT NULL, conversation BLOB NOT NULL REFERENCES conversations (conversation),
  generation INTEGER NOT NULL, epoch INTEGER NOT NULL, archive_generation INTEGER NOT NULL, sealed BLOB NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (user, conversation, generation, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_keys_by_end ON history_keys (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX history_keys_by_conversation ON history_keys (conversation);

-- Archive keys on their way to one device each.
CREATE TABLE archive_grants (
  device BLOB NOT NULL REFERENCES devices (device), generation INTEGER NOT NULL, list_version INTEGER NOT NULL, key_package BLOB NOT NULL,
  encapsulated BLOB NOT NULL, sealed BLOB NOT NULL, signature BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (device, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX archive_grants_by_time ON archive_grants (at);
`;
