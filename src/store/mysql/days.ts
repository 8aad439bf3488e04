/** The log is partitioned by the day of acceptance: whole days since 1970. */
export const dayMs = 24 * 60 * 60_000;
export const dayOf = (time: number): number => Math.floor(time / dayMs);
