/** The program with the environment that it needs; undefined where it is not. */
export function findProxy(name: string): { path: string; env: Record<string, string> } | undefined;
/** An nginx configuration that keeps to one folder, and needs none of the system's. */
export function keepingTo(folder: string, text: string): string;
export function provideProxies(): void;
