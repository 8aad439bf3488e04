/** Sealed attachments: whose, how large, how much of it is there, until when. The bytes are not in the database. */
export const blobs = `
CREATE TABLE blobs (
  id TEXT NOT NULL PRIMARY KEY, user TEXT NOT NULL, size INTEGER NOT NULL, received INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_user ON blobs (user);
CREATE INDEX blobs_by_expiry ON blobs (expires_at);
`;
