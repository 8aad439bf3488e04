/** `first` to `last`, both included, as HTTP counts them. */
export interface ByteRange {
  first: number;
  last: number;
}

/** What a `Content-Range` of a request says: `bytes 0-9/100`. Undefined for anything else. */
export function contentRange(header: string): (ByteRange & { size: number }) | undefined {
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header) ?? [];
  if (first === undefined) return undefined;
  const range = { first: Number(first), last: Number(last), size: Number(size) };
  return range.first <= range.last && range.last < range.size ? range : undefined;
}

/**
 * The one range that a `Range` header asks of `size` bytes (RFC 9110 §14.1.2). `whole` for what is to be ignored: no header, another unit,
 * several ranges; `none` where it lies outside.
 */
export function requestedRange(header: string | undefined, size: number): ByteRange | "whole" | "none" {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return "whole";
  if (first === "") return Number(last) === 0 ? "none" : { first: Math.max(0, size - Number(last)), last: size - 1 };
  const range = { first: Number(first), last: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
  if (last !== "" && Number(last) < range.first) return "whole";
  return range.first < size ? range : "none";
}
