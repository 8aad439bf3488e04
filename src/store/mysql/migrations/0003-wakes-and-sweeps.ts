/** Whom to wake and when, where their push services are, and when each sweep last ran. */
export const wakesAndSweeps = [
  // newest_at: acceptedAt of the newest message that the schedule knows of. attempt: pushes sent for what waits.
  `CREATE TABLE wakes (
    user VARCHAR(128) NOT NULL PRIMARY KEY, newest_at BIGINT NOT NULL, attempt INT NOT NULL, next_at BIGINT NOT NULL,
    pushed_at BIGINT, KEY wakes_by_time (next_at)
  )`,
  `CREATE TABLE push_subscriptions (
    device BINARY(16) NOT NULL PRIMARY KEY, user VARCHAR(128) NOT NULL, endpoint VARCHAR(2048) NOT NULL,
    KEY push_subscriptions_by_user (user)
  )`,
  `CREATE TABLE sweeps (name VARCHAR(64) NOT NULL PRIMARY KEY, ran_at BIGINT NOT NULL)`,
];
