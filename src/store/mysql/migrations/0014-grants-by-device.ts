/**
 * Archive keys that were handed over are kept for each device that handed them over: none takes the place of another's.
 * given_by: the device that brought it, whoever signed it; zeros of before. The column comes last: it is the one step that is
 * not made twice.
 */
export const grantsByDevice = [
  `ALTER TABLE recovery_grants DROP PRIMARY KEY, ADD PRIMARY KEY (user, by_device, generation)`,
  `ALTER TABLE archive_grants ADD COLUMN given_by BINARY(16) NOT NULL DEFAULT 0x00000000000000000000000000000000,
    DROP PRIMARY KEY, ADD PRIMARY KEY (device, generation, given_by)`,
];
