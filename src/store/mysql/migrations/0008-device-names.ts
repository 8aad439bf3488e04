/** What users call their devices, sealed. */
export const deviceNames = [
  `CREATE TABLE device_names (
    device BINARY(16) NOT NULL PRIMARY KEY, archive_generation BIGINT NOT NULL, sealed VARBINARY(255) NOT NULL
  )`,
];
