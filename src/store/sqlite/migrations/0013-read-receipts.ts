/**
 * How far each member has read: the last mark as its device signed it (read_for_all: for the others too), and the receipt that
 * tells them (read_version; read_since: since when it takes others in). What a user lets others see.
 */
export const readReceipts = `
CREATE TABLE privacy_settings (
  user TEXT PRIMARY KEY, version INTEGER NOT NULL, read_receipts INTEGER NOT NULL, typing INTEGER NOT NULL,
  device BLOB NOT NULL, signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE members ADD COLUMN read_sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN read_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN read_device BLOB;
ALTER TABLE members ADD COLUMN read_log_hash BLOB;
ALTER TABLE members ADD COLUMN read_unopened TEXT;
ALTER TABLE members ADD COLUMN read_signature BLOB;
ALTER TABLE members ADD COLUMN read_for_all INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN read_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN read_since INTEGER NOT NULL DEFAULT 0;
`;
