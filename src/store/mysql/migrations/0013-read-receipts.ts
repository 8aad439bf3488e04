/**
 * How far each member has read: the last mark as its device signed it (read_for_all: for the others too), and the receipt that
 * tells them (read_version; read_since: since when it takes others in). What a user lets others see. The columns come last: they
 * are the one step that is not made twice.
 */
export const readReceipts = [
  `CREATE TABLE privacy_settings (
    user VARCHAR(128) NOT NULL PRIMARY KEY, version BIGINT NOT NULL, read_receipts TINYINT NOT NULL, typing TINYINT NOT NULL,
    device BINARY(16) NOT NULL, signature BINARY(64) NOT NULL
  )`,
  `ALTER TABLE members ADD COLUMN read_sequence BIGINT NOT NULL DEFAULT 0, ADD COLUMN read_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN read_device BINARY(16), ADD COLUMN read_log_hash BINARY(32), ADD COLUMN read_unopened TEXT,
    ADD COLUMN read_signature BINARY(64), ADD COLUMN read_for_all TINYINT NOT NULL DEFAULT 0,
    ADD COLUMN read_version BIGINT NOT NULL DEFAULT 0, ADD COLUMN read_since BIGINT NOT NULL DEFAULT 0`,
];
