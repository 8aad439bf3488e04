/** Keys of the nodes' own, made once with the database and kept with it. */
export const nodeKeys = [
  `CREATE TABLE node_keys (name VARCHAR(64) NOT NULL PRIMARY KEY, bytes VARBINARY(64) NOT NULL)`,
];
