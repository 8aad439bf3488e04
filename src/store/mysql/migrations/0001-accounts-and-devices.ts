/** Accounts, device lists, devices, links, key packages, inboxes. Ids are BINARY(16), times milliseconds. */
export const accountsAndDevices = [
  `CREATE TABLE accounts (
    user VARCHAR(128) NOT NULL PRIMARY KEY, password_hash VARCHAR(255) NOT NULL, created_at BIGINT NOT NULL
  )`,
  `CREATE TABLE device_lists (
    user VARCHAR(128) NOT NULL PRIMARY KEY, account_key VARBINARY(64) NOT NULL, version INT NOT NULL,
    head VARBINARY(64) NOT NULL
  )`,
  `CREATE TABLE device_list_entries (
    user VARCHAR(128) NOT NULL, version INT NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (user, version)
  )`,
  // inbox_position: the last place given out in the device's inbox; places never come twice.
  `CREATE TABLE devices (
    device BINARY(16) NOT NULL PRIMARY KEY, user VARCHAR(128) NOT NULL, device_key VARBINARY(64) NOT NULL,
    added_version INT NOT NULL, revoked_at BIGINT, inbox_position BIGINT NOT NULL DEFAULT 0,
    KEY devices_by_user (user), KEY devices_by_revocation (revoked_at)
  )`,
  // sealed: the answer, once another device has completed the link.
  `CREATE TABLE link_offers (
    channel BINARY(16) NOT NULL PRIMARY KEY, user VARCHAR(128) NOT NULL, device BINARY(16) NOT NULL,
    device_key VARBINARY(64) NOT NULL, kem_key BLOB NOT NULL, sealed MEDIUMBLOB, expires_at BIGINT NOT NULL,
    UNIQUE KEY link_offers_by_device (device), KEY link_offers_by_expiry (expires_at)
  )`,
  // id: the order of publication.
  `CREATE TABLE key_packages (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, device BINARY(16) NOT NULL, suite INT NOT NULL,
    last_resort TINYINT NOT NULL, hash VARBINARY(64) NOT NULL, bytes MEDIUMBLOB NOT NULL, expires_at BIGINT NOT NULL,
    UNIQUE KEY key_packages_by_hash (device, hash), KEY key_packages_by_device (device, suite, last_resort, id),
    KEY key_packages_by_expiry (expires_at)
  )`,
  // kind 1: a Welcome, at (conversation, sequence); kind 2: a request to re-add the device "subject".
  `CREATE TABLE inbox (
    device BINARY(16) NOT NULL, position BIGINT NOT NULL, conversation BINARY(16) NOT NULL, generation INT NOT NULL,
    kind TINYINT NOT NULL, sequence BIGINT, subject BINARY(16), at BIGINT NOT NULL, PRIMARY KEY (device, position),
    KEY inbox_by_reference (conversation, kind, sequence, subject), KEY inbox_by_time (kind, at)
  )`,
  // Stored once, whatever the number of devices they are for.
  `CREATE TABLE welcomes (
    conversation BINARY(16) NOT NULL, sequence BIGINT NOT NULL, welcome MEDIUMBLOB NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (conversation, sequence), KEY welcomes_by_time (at)
  )`,
  `CREATE TABLE readd_requests (
    conversation BINARY(16) NOT NULL, device BINARY(16) NOT NULL, user VARCHAR(128) NOT NULL, generation INT NOT NULL,
    epoch BIGINT NOT NULL, key_package MEDIUMBLOB NOT NULL, signature VARBINARY(255) NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (conversation, device), KEY readd_requests_by_device (device), KEY readd_requests_by_time (at)
  )`,
];
