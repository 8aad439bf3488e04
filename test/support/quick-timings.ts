/** How long things wait in tests: as short as they can without being timed. */
export const quickTimings = { reconnectBaseMs: 20, reconnectMaxMs: 200, rosterPatienceMs: 30, gapMs: 20 };
