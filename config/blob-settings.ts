/** Where the bytes of sealed attachments are. */
import type { CrossRule } from "./settings.ts";
import { text, url } from "./setting.ts";

const anyText = { pattern: /^[^\0]{1,4096}$/, allowed: "1 to 4096 characters" };

export const blobSettings = {
  BLOB_DIR: text({
    ...anyText,
    allowed: "a folder",
    why: "Folder for sealed attachments; in a cluster one that all nodes and workers share. Empty: blobs in DATA_DIR, and in a cluster none.",
  }),
  BLOB_S3_ENDPOINT: url({
    protocols: ["http:", "https:"],
    allowed: "an http or https URL, without the bucket",
    why: "S3-compatible store for sealed attachments, instead of BLOB_DIR. Buckets are asked for path-style.",
  }),
  BLOB_S3_BUCKET: text({
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/,
    allowed: "the name of a bucket",
    why: "The bucket in it. Objects are under blobs/.",
  }),
  BLOB_S3_REGION: text({ ...anyText, default: "us-east-1", why: "The region it is in. Some stores take any." }),
  BLOB_S3_ACCESS_KEY: text({
    ...anyText,
    why: "The access key for it: may put, get and delete objects, and list the bucket.",
    secret: true,
  }),
  BLOB_S3_SECRET_KEY: text({ ...anyText, why: "The secret key for it.", secret: true }),
};

export const blobRules: readonly CrossRule[] = [
  ...(["BLOB_S3_BUCKET", "BLOB_S3_ACCESS_KEY", "BLOB_S3_SECRET_KEY"] as const).map((name) => ({
    name,
    allowed: "required with BLOB_S3_ENDPOINT",
    isBroken: (s: Parameters<CrossRule["isBroken"]>[0]) => s.BLOB_S3_ENDPOINT !== "" && s[name] === "",
  })),
  {
    name: "BLOB_DIR",
    allowed: "either BLOB_DIR or BLOB_S3_ENDPOINT, not both",
    isBroken: (s) => s.BLOB_DIR !== "" && s.BLOB_S3_ENDPOINT !== "",
  },
  {
    name: "BLOB_S3_ENDPOINT",
    allowed: "an http or https URL: required with the other BLOB_S3_ settings",
    isBroken: (s) =>
      s.BLOB_S3_ENDPOINT === "" && [s.BLOB_S3_BUCKET, s.BLOB_S3_ACCESS_KEY, s.BLOB_S3_SECRET_KEY].some((v) => v !== ""),
  },
  {
    name: "BLOB_QUOTA_BYTES",
    allowed: "at least MAX_BLOB_BYTES",
    isBroken: (s, given) => given.has("BLOB_QUOTA_BYTES") && s.BLOB_QUOTA_BYTES < s.MAX_BLOB_BYTES,
  },
];
