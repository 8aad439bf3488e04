/** The path of the browser; undefined where there is none. */
export function findChromium(): string | undefined;
/** Empty when there is a browser; otherwise why there is none, and what somebody can do. */
export function provideChromium(): string;
