/** Empty when Redis and MariaDB are there, or could be installed; otherwise what somebody has to do by hand. */
export function provideServers(): string;
/** How to run something as root without being asked; undefined where that is not possible. */
export function rootPrefix(): string[] | undefined;
