/**
 * Recovery keys: what users have published of theirs, the vault, and archive keys sealed to them. public_key, vault: null of a user who
 * has given it up. The column comes last: it is the one step that is not made twice.
 */
export const recovery = [
  `CREATE TABLE recovery_keys (
    user VARCHAR(128) NOT NULL PRIMARY KEY, version BIGINT NOT NULL, public_key VARBINARY(1216), made_at BIGINT NOT NULL,
    signature BINARY(64) NOT NULL, revision BIGINT NOT NULL, vault MEDIUMBLOB
  )`,
  `CREATE TABLE recovery_grants (
    user VARCHAR(128) NOT NULL, generation BIGINT NOT NULL, list_version BIGINT NOT NULL, by_device BINARY(16) NOT NULL,
    encapsulated VARBINARY(1120) NOT NULL, sealed VARBINARY(48) NOT NULL, signature BINARY(64) NOT NULL,
    PRIMARY KEY (user, generation)
  )`,
  // Who signed it, where it is not the account key.
  `ALTER TABLE archive_grants ADD COLUMN by_device BINARY(16)`,
];
