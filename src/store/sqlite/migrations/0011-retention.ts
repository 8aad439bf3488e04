/** A group's own retention, messages that disappear, and what each sweep did when it last ran. */
export const retention = `
-- retention_days: by the group's policy; null: as long as the deployment keeps messages. shortened_at: when the purge last went by it.
ALTER TABLE conversations ADD COLUMN retention_days INTEGER;
ALTER TABLE conversations ADD COLUMN shortened_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_shortened ON conversations (shortened_at) WHERE retention_days IS NOT NULL;
CREATE INDEX groups_emptied ON conversations (last_accepted_at) WHERE kind = 'group' AND oldest_at IS NULL;

-- Messages that go as soon as every device has them. In the log a message that has gone is of kind 3, its payload the entry's hash.
CREATE TABLE disappearing (
  conversation BLOB NOT NULL, sequence INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
  PRIMARY KEY (conversation, sequence)
) STRICT, WITHOUT ROWID;

-- report: JSON.
CREATE TABLE sweep_reports (name TEXT PRIMARY KEY, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
