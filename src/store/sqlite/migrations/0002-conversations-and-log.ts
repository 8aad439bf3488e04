/** Conversations, members, the message log, positions, receipts, what is due. Hot tables are keyed by conversation. */
export const conversationsAndLog = `
-- oldest_at: acceptedAt of the oldest entry still here. delivered_to_all: the watermark, moved by the sweep.
-- opened_at: when it was last opened, about; what nobody founds is kept by it. last_commit: the sequence of the last commit.
CREATE TABLE conversations (
  conversation BLOB PRIMARY KEY, kind TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0, roster_epoch INTEGER NOT NULL DEFAULT 0, head INTEGER NOT NULL DEFAULT 0,
  floor INTEGER NOT NULL DEFAULT 0, last_accepted_at INTEGER NOT NULL DEFAULT 0, oldest_at INTEGER,
  receipt_version INTEGER NOT NULL DEFAULT 0, delivered_to_all INTEGER NOT NULL DEFAULT 0,
  last_commit INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_by_oldest ON conversations (oldest_at) WHERE oldest_at IS NOT NULL;
CREATE INDEX conversations_never_founded ON conversations (opened_at) WHERE generation = 0;

CREATE TABLE directs (
  user_a TEXT NOT NULL, user_b TEXT NOT NULL, conversation BLOB NOT NULL REFERENCES conversations (conversation),
  PRIMARY KEY (user_a, user_b)
) STRICT, WITHOUT ROWID;
CREATE INDEX directs_by_conversation ON directs (conversation);

-- The group's tree, apart from the row that every message rewrites.
CREATE TABLE rosters (
  conversation BLOB PRIMARY KEY REFERENCES conversations (conversation), leaves BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- delivered_sequence: the furthest ack of any device of the user. Up to it, as JSON ranges: missing: what none of them has,
-- as the one ahead joined later; unopened: what none of those that have it could open yet.
CREATE TABLE members (
  conversation BLOB NOT NULL REFERENCES conversations (conversation), user TEXT NOT NULL, joined_sequence INTEGER,
  delivered_sequence INTEGER NOT NULL DEFAULT 0, missing TEXT NOT NULL DEFAULT '[]',
  unopened TEXT NOT NULL DEFAULT '[]',
  expired_sequence INTEGER NOT NULL DEFAULT 0, expired_version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user, conversation);

-- A device's log is [joined_sequence, left_sequence]; position: what it has acked; last_*: its own messages.
CREATE TABLE conversation_devices (
  conversation BLOB NOT NULL, device BLOB NOT NULL, user TEXT NOT NULL, joined_sequence INTEGER NOT NULL,
  left_sequence INTEGER, left_at INTEGER, position INTEGER NOT NULL, unopened TEXT NOT NULL DEFAULT '[]',
  receipt_version INTEGER NOT NULL DEFAULT 0, receipt_since INTEGER NOT NULL DEFAULT 0,
  last_number INTEGER NOT NULL DEFAULT 0, last_id BLOB, last_sequence INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_devices_left ON conversation_devices (left_at) WHERE left_at IS NOT NULL;

-- kind 0: a message; 1: a commit, whose epoch is the one it ends. A rowid table: it grows at its end, whichever
-- conversations are written to, and each commit dirties a fifth of the pages that a clustered one would.
CREATE TABLE messages (
  conversation BLOB NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL, generation INTEGER NOT NULL,
  epoch INTEGER NOT NULL, sender_user TEXT NOT NULL, sender_device BLOB NOT NULL, id BLOB NOT NULL,
  number INTEGER NOT NULL, accepted_at INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (conversation, sequence)
) STRICT;
CREATE UNIQUE INDEX commits_by_epoch ON messages (conversation, generation, epoch) WHERE kind = 1;

-- An entry, the head and the sender's last number cannot part. As a trigger: two calls fewer on the hot path.
CREATE TRIGGER messages_move_head AFTER INSERT ON messages BEGIN
  UPDATE conversations SET head = NEW.sequence, last_accepted_at = NEW.accepted_at,
    oldest_at = coalesce(oldest_at, NEW.accepted_at) WHERE conversation = NEW.conversation;
  UPDATE conversation_devices SET last_number = NEW.number, last_id = NEW.id, last_sequence = NEW.sequence
    WHERE NEW.kind = 0 AND conversation = NEW.conversation AND device = NEW.sender_device;
END;

-- kind 0: delivered, the device's word; 1: expired, the node's.
CREATE TABLE receipts (
  conversation BLOB NOT NULL, version INTEGER NOT NULL, kind INTEGER NOT NULL, user TEXT NOT NULL, device BLOB,
  sequence INTEGER NOT NULL, at INTEGER NOT NULL, log_hash BLOB, unopened TEXT, signature BLOB,
  PRIMARY KEY (conversation, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_by_time ON receipts (at);

-- since: when the oldest message that may still expire was accepted; null: none may.
CREATE TABLE due (
  conversation BLOB PRIMARY KEY, next_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, since INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX due_by_time ON due (next_at);
CREATE INDEX due_by_age ON due (since) WHERE since IS NOT NULL;
`;
