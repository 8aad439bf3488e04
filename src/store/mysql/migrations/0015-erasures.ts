/** Who was erased, and under which pseudonym what is left goes on. user: only while it is under way. */
export const erasures = [
  `CREATE TABLE erasures (
    pseudonym VARCHAR(128) NOT NULL PRIMARY KEY, user VARCHAR(128), begun_at BIGINT NOT NULL, erased_at BIGINT,
    UNIQUE KEY erasures_by_user (user)
  )`,
];
