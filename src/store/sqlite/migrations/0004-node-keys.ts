/** Keys of the nodes' own, made once with the database and kept with it. */
export const nodeKeys = `
CREATE TABLE node_keys (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
`;
