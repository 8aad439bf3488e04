/** A haystack as a thief would go through it: as it is, and everything in it that reads as base64, base64url or hex, decoded. */
export function readings(bytes: Buffer): Buffer[] {
  const text = bytes.toString("latin1");
  const decoded: Buffer[] = [bytes];
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) {
    for (let shift = 0; shift < 4; shift++) decoded.push(Buffer.from(run.slice(shift), "base64"));
  }
  for (const [run] of text.matchAll(/[0-9a-fA-F]{20,}/g)) {
    for (let shift = 0; shift < 2; shift++) decoded.push(Buffer.from(run.slice(shift), "hex"));
  }
  return [bytes, Buffer.concat(decoded.slice(1).flatMap((one) => [one, Buffer.from([0])]))];
}

/** Which of the texts a haystack holds, whole, in any reading. */
export function textsIn(haystack: readonly Buffer[], texts: readonly string[]): string[] {
  const all = haystack.flatMap(readings);
  return texts.filter((text) => all.some((reading) => reading.includes(text)));
}

/** Bytes that are searched for at a key's beginning and at its end: a page boundary of the database leaves one of them whole. */
const pieceBytes = 16;

/** Which of the keys a haystack holds, in any reading. Whoever has half of one has it. */
export function keysIn(haystack: readonly Buffer[], keys: readonly Uint8Array[]): Uint8Array[] {
  const all = haystack.flatMap(readings);
  return keys.filter((key) => {
    const pieces = [Buffer.from(key.subarray(0, pieceBytes)), Buffer.from(key.subarray(-pieceBytes))];
    return pieces.some((piece) => all.some((reading) => reading.includes(piece)));
  });
}

/** The ways in which somebody might leak bytes: as they are, in a longer base64 at each alignment, in base64url, in hex. */
export function leaks(secret: Uint8Array): Buffer[] {
  const within = (before: number): Buffer => Buffer.concat([Buffer.alloc(before, 7), secret, Buffer.alloc(5, 9)]);
  const texts = [0, 1, 2].flatMap((before) => [
    within(before).toString("base64"),
    within(before).toString("base64url"),
    within(before).toString("hex"),
  ]);
  return [
    Buffer.from(secret),
    ...texts.map((text) => Buffer.from(text)),
    Buffer.from(Buffer.from(secret).toString("hex").toUpperCase()),
  ];
}
