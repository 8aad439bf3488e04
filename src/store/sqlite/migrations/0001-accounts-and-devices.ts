/** Accounts, device lists, devices, links, key packages, inboxes. Ids are 16-byte blobs, times milliseconds. */
export const accountsAndDevices = `
CREATE TABLE accounts (
  user TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_lists (
  user TEXT PRIMARY KEY, account_key BLOB NOT NULL, version INTEGER NOT NULL, head BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_list_entries (
  user TEXT NOT NULL REFERENCES device_lists (user), version INTEGER NOT NULL, entry BLOB NOT NULL,
  PRIMARY KEY (user, version)
) STRICT, WITHOUT ROWID;

-- inbox_position: the last place given out in the device's inbox; places never come twice.
CREATE TABLE devices (
  device BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES device_lists (user), device_key BLOB NOT NULL,
  added_version INTEGER NOT NULL, revoked_at INTEGER, inbox_position INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_by_user ON devices (user);

-- sealed: the answer, once another device has completed the link.
CREATE TABLE link_offers (
  channel BLOB PRIMARY KEY, user TEXT NOT NULL, device BLOB NOT NULL UNIQUE, device_key BLOB NOT NULL,
  kem_key BLOB NOT NULL, sealed BLOB, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX link_offers_by_expiry ON link_offers (expires_at);

-- id: the order of publication.
CREATE TABLE key_packages (
  id INTEGER PRIMARY KEY, device BLOB NOT NULL REFERENCES devices (device), suite INTEGER NOT NULL,
  last_resort INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL, expires_at INTEGER NOT NULL,
  UNIQUE (device, hash)
) STRICT;
CREATE INDEX key_packages_by_device ON key_packages (device, suite, last_resort, id);
CREATE INDEX key_packages_by_expiry ON key_packages (expires_at);

-- kind 1: a Welcome, at (conversation, sequence); kind 2: a request to re-add the device "subject".
CREATE TABLE inbox (
  device BLOB NOT NULL REFERENCES devices (device), position INTEGER NOT NULL, conversation BLOB NOT NULL,
  generation INTEGER NOT NULL, kind INTEGER NOT NULL, sequence INTEGER, subject BLOB, at INTEGER NOT NULL,
  PRIMARY KEY (device, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_by_reference ON inbox (conversation, kind, sequence, subject);
CREATE INDEX inbox_by_time ON inbox (kind, at);

-- Stored once, whatever the number of devices they are for.
CREATE TABLE welcomes (
  conversation BLOB NOT NULL, sequence INTEGER NOT NULL, welcome BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (conversation, sequence)
) STRICT;
CREATE TABLE readd_requests (
  conversation BLOB NOT NULL, device BLOB NOT NULL, user TEXT NOT NULL, generation INTEGER NOT NULL,
  epoch INTEGER NOT NULL, key_package BLOB NOT NULL, signature BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (conversation, device)
) STRICT;
CREATE INDEX readd_requests_by_device ON readd_requests (device);
`;
