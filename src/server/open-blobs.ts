import { join, resolve } from "node:path";
import { hasSharedDatabase } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import type { Blobs } from "../actors/ports/blobs.ts";
import { FileBlobs } from "../blobs/file-blobs.ts";

/** The place for the bytes of attachments; undefined in a cluster that names none: its nodes share no folder. */
export async function openBlobs(settings: Settings): Promise<Blobs | undefined> {
  const { BLOB_S3_ENDPOINT: endpoint, BLOB_DIR: folder } = settings;
  if (endpoint !== "") {
    // A node that keeps files does not load what it takes.
    const { S3Blobs } = await import("../blobs/s3-blobs.ts");
    return new S3Blobs({
      endpoint,
      bucket: settings.BLOB_S3_BUCKET,
      region: settings.BLOB_S3_REGION,
      accessKey: settings.BLOB_S3_ACCESS_KEY,
      secretKey: settings.BLOB_S3_SECRET_KEY,
    });
  }
  if (folder === "" && hasSharedDatabase(settings)) return undefined;
  return new FileBlobs(resolve(folder === "" ? join(settings.DATA_DIR, "blobs") : folder));
}
