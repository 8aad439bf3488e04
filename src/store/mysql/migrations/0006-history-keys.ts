/** The archives of users: their history keys, sealed. ended_at: when a later one of the conversation came; null of the latest. */
export const historyKeys = [
  `CREATE TABLE history_keys (
    user VARCHAR(128) NOT NULL, conversation BINARY(16) NOT NULL, generation BIGINT NOT NULL, epoch BIGINT NOT NULL,
    archive_generation BIGINT NOT NULL, sealed VARBINARY(255) NOT NULL, ended_at BIGINT,
    PRIMARY KEY (user, conversation, generation, epoch), KEY history_keys_by_end (ended_at),
    KEY history_keys_by_conversation (conversation)
  )`,
];
