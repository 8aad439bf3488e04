/** Sealed attachments: whose, how large, how much of it is there, until when. The bytes are not in the database. */
export const blobs = [
  `CREATE TABLE blobs (
    id CHAR(64) NOT NULL, user VARCHAR(128) NOT NULL, size BIGINT NOT NULL, received BIGINT NOT NULL,
    expires_at BIGINT NOT NULL, PRIMARY KEY (id), KEY blobs_by_user (user), KEY blobs_by_expiry (expires_at)
  )`,
];
