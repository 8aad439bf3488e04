/** Whom to wake and when, where their push services are, and when each sweep last ran. */
export const wakesAndSweeps = `
-- newest_at: acceptedAt of the newest message that the schedule knows of. attempt: pushes sent for what waits.
CREATE TABLE wakes (
  user TEXT PRIMARY KEY, newest_at INTEGER NOT NULL, attempt INTEGER NOT NULL, next_at INTEGER NOT NULL,
  pushed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX wakes_by_time ON wakes (next_at);

CREATE TABLE push_subscriptions (
  device BLOB PRIMARY KEY REFERENCES devices (device), user TEXT NOT NULL, endpoint TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user);

CREATE TABLE sweeps (name TEXT PRIMARY KEY, ran_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_revocation ON devices (revoked_at) WHERE revoked_at IS NOT NULL;
`;
