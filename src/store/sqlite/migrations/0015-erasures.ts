/** Who was erased, and under which pseudonym what is left goes on. user: only while it is under way. */
export const erasures = `
CREATE TABLE erasures (
  pseudonym TEXT PRIMARY KEY, user TEXT UNIQUE, begun_at INTEGER NOT NULL, erased_at INTEGER
) STRICT, WITHOUT ROWID;
`;
