/** Who has blocked whom. */
export const blocks = [
  `CREATE TABLE blocks (
    user VARCHAR(128) NOT NULL, blocked VARCHAR(128) NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (user, blocked)
  )`,
];
