/** The archives of users: their history keys, sealed. ended_at: when a later one of the conversation came; null of the latest. */
export const historyKeys = [
  `CREATE TABLE history_keys (
    user VARCHAR(128) NOT NULL, conversation BINARY(16) NOT NULL, generation BIGINT NOT NULL, epoch BIGINT NOT NULL,
    archive_generation BIGINT NOT NULL, sealed VARBINARY(255) NOT NULL, ended_at BIGINT,
    PRIMARY KEY (user, conversation, generation, epoch), KEY history_keys_by_end (ended_at),
    KEY history_keys_by_conversation (conversation)
  )`,
  // Archive keys on their way to one device each.
  `CREATE TABLE archive_grants (
    device BINARY(16) NOT NULL, generation BIGINT NOT NULL, list_version BIGINT NOT NULL, key_package BINARY(32) NOT NULL,
    encapsulated VARBINARY(1120) NOT NULL, sealed VARBINARY(48) NOT NULL, signature BINARY(64) NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (device, generation), KEY archive_grants_by_time (at)
  )`,
];
