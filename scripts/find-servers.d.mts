/** Empty when Redis and MariaDB are there, or could be installed; otherwise what somebody has to do by hand. */
export function provideServers(): string;
