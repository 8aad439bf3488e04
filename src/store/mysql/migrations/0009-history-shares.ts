/**
 * Who may read what was before it joined a group. joined_sequence: of the stay that it holds for; first_sequence: from where;
 * device, signature: who let it, and what it signed.
 */
export const historyShares = [
  `CREATE TABLE history_shares (
    conversation BINARY(16) NOT NULL, user VARCHAR(128) NOT NULL, joined_sequence BIGINT NOT NULL,
    first_sequence BIGINT NOT NULL, device BINARY(16) NOT NULL, signature BINARY(64) NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (conversation, user), KEY history_shares_by_time (at)
  )`,
];
