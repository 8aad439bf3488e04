/** What users call their devices, sealed. */
export const deviceNames = `
CREATE TABLE device_names (
  device BLOB PRIMARY KEY REFERENCES devices (device), archive_generation INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;
