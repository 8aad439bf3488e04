/**
 * Archive keys that were handed over are kept for each device that handed them over: none takes the place of another's.
 * archive_grants.given_by: the device that brought it, whoever signed it; zeros of before.
 */
export const grantsByDevice = `
CREATE TABLE archive_grants_by_device (
  device BLOB NOT NULL REFERENCES devices (device), generation INTEGER NOT NULL, given_by BLOB NOT NULL, list_version INTEGER NOT NULL,
  key_package BLOB NOT NULL, encapsulated BLOB NOT NULL, sealed BLOB NOT NULL, signature BLOB NOT NULL, at INTEGER NOT NULL, by_device BLOB,
  PRIMARY KEY (device, generation, given_by)
) STRICT, WITHOUT ROWID;
INSERT INTO archive_grants_by_device
  SELECT device, generation, COALESCE(by_device, zeroblob(16)), list_version, key_package, encapsulated, sealed, signature, at, by_device
  FROM archive_grants;
DROP TABLE archive_grants;
ALTER TABLE archive_grants_by_device RENAME TO archive_grants;
CREATE INDEX archive_grants_by_time ON archive_grants (at);

CREATE TABLE recovery_grants_by_device (
  user TEXT NOT NULL REFERENCES recovery_keys (user), generation INTEGER NOT NULL, list_version INTEGER NOT NULL, by_device BLOB NOT NULL,
  encapsulated BLOB NOT NULL, sealed BLOB NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (user, by_device, generation)
) STRICT, WITHOUT ROWID;
INSERT INTO recovery_grants_by_device
  SELECT user, generation, list_version, by_device, encapsulated, sealed, signature FROM recovery_grants;
DROP TABLE recovery_grants;
ALTER TABLE recovery_grants_by_device RENAME TO recovery_grants;
`;
