/** Conversations, members, the message log, positions, receipts, what is due. Hot tables are keyed by conversation. */
export const conversationsAndLog = [
  // oldest_at: acceptedAt of the oldest entry still here. delivered_to_all: the watermark, moved by the sweep.
  // opened_at: when it was last opened, about; what nobody founds is kept by it. last_commit: the sequence of the last commit.
  // run_user, run_start: who wrote the last entries, and from which sequence on. tail_day, tail_start: the day of the last
  // entry, and the first sequence of that day: reads near the head look into one partition.
  `CREATE TABLE conversations (
    conversation BINARY(16) NOT NULL PRIMARY KEY, kind VARCHAR(16) NOT NULL, generation INT NOT NULL DEFAULT 0,
    epoch BIGINT NOT NULL DEFAULT 0, roster_epoch BIGINT NOT NULL DEFAULT 0, head BIGINT NOT NULL DEFAULT 0,
    floor BIGINT NOT NULL DEFAULT 0, last_accepted_at BIGINT NOT NULL DEFAULT 0, oldest_at BIGINT,
    receipt_version BIGINT NOT NULL DEFAULT 0, delivered_to_all BIGINT NOT NULL DEFAULT 0,
    last_commit BIGINT NOT NULL DEFAULT 0, run_user VARCHAR(128) NOT NULL DEFAULT '', run_start BIGINT NOT NULL DEFAULT 0,
    tail_day INT NOT NULL DEFAULT 0, tail_start BIGINT NOT NULL DEFAULT 0, created_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    KEY conversations_by_oldest (oldest_at), KEY conversations_by_last (last_accepted_at),
    KEY conversations_never_founded (generation, opened_at)
  )`,
  `CREATE TABLE directs (
    user_a VARCHAR(128) NOT NULL, user_b VARCHAR(128) NOT NULL, conversation BINARY(16) NOT NULL,
    PRIMARY KEY (user_a, user_b), KEY directs_by_conversation (conversation)
  )`,
  // The group's tree, apart from the row that every message rewrites.
  `CREATE TABLE rosters (conversation BINARY(16) NOT NULL PRIMARY KEY, leaves MEDIUMBLOB NOT NULL)`,
  // delivered_sequence: the furthest ack of any device of the user. Up to it, as JSON ranges: missing: what none of them
  // has, as the one ahead joined later; unopened: what none of those that have it could open yet.
  `CREATE TABLE members (
    conversation BINARY(16) NOT NULL, user VARCHAR(128) NOT NULL, joined_sequence BIGINT,
    delivered_sequence BIGINT NOT NULL DEFAULT 0, missing TEXT NOT NULL, unopened TEXT NOT NULL,
    expired_sequence BIGINT NOT NULL DEFAULT 0, expired_version BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, user), KEY members_by_user (user, conversation)
  )`,
  // A device's log is [joined_sequence, left_sequence]; position: what it has acked; last_*: its own messages.
  // receipt_*: the version and the sequence of its last receipt, and since when that takes others in.
  `CREATE TABLE conversation_devices (
    conversation BINARY(16) NOT NULL, device BINARY(16) NOT NULL, user VARCHAR(128) NOT NULL,
    joined_sequence BIGINT NOT NULL, left_sequence BIGINT, left_at BIGINT, position BIGINT NOT NULL,
    unopened TEXT NOT NULL, receipt_version BIGINT NOT NULL DEFAULT 0, receipt_since BIGINT NOT NULL DEFAULT 0,
    receipt_sequence BIGINT NOT NULL DEFAULT 0, last_number BIGINT NOT NULL DEFAULT 0, last_id BINARY(16),
    last_sequence BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, device), KEY conversation_devices_left (left_at)
  )`,
  // kind 0: a message; 1: a commit, whose epoch is the one it ends. In partitions by the day of acceptance, so that the
  // purge drops them whole; that a sequence comes once in its conversation is the work of the conversation's row lock.
  `CREATE TABLE messages (
    conversation BINARY(16) NOT NULL, sequence BIGINT NOT NULL, day INT NOT NULL, kind TINYINT NOT NULL,
    generation INT NOT NULL, epoch BIGINT NOT NULL, sender_user VARCHAR(128) NOT NULL, sender_device BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL, number BIGINT NOT NULL, accepted_at BIGINT NOT NULL, payload MEDIUMBLOB NOT NULL,
    PRIMARY KEY (conversation, sequence, day)
  ) PARTITION BY RANGE (day) (PARTITION beyond VALUES LESS THAN MAXVALUE)`,
  // One commit an epoch, whatever the partitions; and where it is.
  `CREATE TABLE commits (
    conversation BINARY(16) NOT NULL, generation INT NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL,
    day INT NOT NULL, PRIMARY KEY (conversation, generation, epoch), KEY commits_by_sequence (conversation, sequence),
    KEY commits_by_day (day)
  )`,
  // kind 0: delivered, the device's word; 1: expired, the node's.
  `CREATE TABLE receipts (
    conversation BINARY(16) NOT NULL, version BIGINT NOT NULL, kind TINYINT NOT NULL, user VARCHAR(128) NOT NULL,
    device BINARY(16), sequence BIGINT NOT NULL, at BIGINT NOT NULL, log_hash VARBINARY(64), unopened TEXT,
    signature VARBINARY(255), PRIMARY KEY (conversation, version), KEY receipts_by_time (at)
  )`,
  // since: when the oldest message that may still expire was accepted; null: none may.
  `CREATE TABLE due (
    conversation BINARY(16) NOT NULL PRIMARY KEY, next_at BIGINT NOT NULL, attempt INT NOT NULL DEFAULT 0, since BIGINT,
    KEY due_by_time (next_at), KEY due_by_age (since)
  )`,
];
