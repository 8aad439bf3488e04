/** Who has blocked whom. */
export const blocks = `
CREATE TABLE blocks (
  user TEXT NOT NULL, blocked TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (user, blocked)
) STRICT, WITHOUT ROWID;
`;
