/** One page of ListObjectsV2. `next`: what to ask for the page after it with. */
export interface Listing {
  keys: { key: string; writtenAt: number }[];
  next: string | undefined;
}

/** Reads what an S3-compatible store answers. Our keys are digits and slashes: nothing in them is escaped. */
export function readListing(xml: string): Listing {
  const keys = [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].flatMap(([, entry]) => {
    const key = /<Key>([^<&]+)<\/Key>/.exec(entry!)?.[1];
    const modified = /<LastModified>([^<&]+)<\/LastModified>/.exec(entry!)?.[1] ?? "";
    const writtenAt = Date.parse(modified);
    return key === undefined || Number.isNaN(writtenAt) ? [] : [{ key, writtenAt }];
  });
  const isLast = !/<IsTruncated>true<\/IsTruncated>/.test(xml);
  const token = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(xml)?.[1];
  return { keys, next: isLast || token === undefined ? undefined : unescape(token) };
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_all, name: string) => entities[name]!);
}
