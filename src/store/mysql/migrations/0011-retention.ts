/** A group's own retention, messages that disappear, and what each sweep did when it last ran. The columns come last: that step is not made twice. */
export const retention = [
  // Messages that go as soon as every device has them. In the log a message that has gone is of kind 3, its payload the entry's hash.
  `CREATE TABLE disappearing (
    conversation BINARY(16) NOT NULL, sequence BIGINT NOT NULL, accepted_at BIGINT NOT NULL,
    PRIMARY KEY (conversation, sequence)
  )`,
  // report: JSON.
  `CREATE TABLE sweep_reports (name VARCHAR(64) NOT NULL PRIMARY KEY, report MEDIUMTEXT NOT NULL)`,
  // retention_days: by the group's policy; null: as long as the deployment keeps messages. shortened_at: when the purge last went by it.
  `ALTER TABLE conversations ADD COLUMN retention_days INT, ADD COLUMN shortened_at BIGINT NOT NULL DEFAULT 0,
     ADD KEY conversations_shortened (retention_days, shortened_at)`,
];
