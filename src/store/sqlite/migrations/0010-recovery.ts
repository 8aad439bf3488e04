/**
 * Recovery keys: what users have published of theirs, the vault, and archive keys sealed to them. public_key, vault: null of a user who
 * has given it up. archive_grants.by_device: who signed it, where it is not the account key.
 */
export const recovery = `
CREATE TABLE recovery_keys (
  user TEXT PRIMARY KEY, version INTEGER NOT NULL, public_key BLOB, made_at INTEGER NOT NULL, signature BLOB NOT NULL,
  revision INTEGER NOT NULL, vault BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_grants (
  user TEXT NOT NULL REFERENCES recovery_keys (user), generation INTEGER NOT NULL, list_version INTEGER NOT NULL, by_device BLOB NOT NULL,
  encapsulated BLOB NOT NULL, sealed BLOB NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (user, generation)
) STRICT, WITHOUT ROWID;
ALTER TABLE archive_grants ADD COLUMN by_device BLOB;
`;
