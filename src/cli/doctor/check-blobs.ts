import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../../config/settings.ts";
import { openBlobs } from "../../server/open-blobs.ts";
import type { Finding } from "./finding.ts";

/** Whether attachments can be written, read and removed where the settings say. */
export async function checkBlobs(settings: Settings): Promise<Finding> {
  const isS3 = settings.BLOB_S3_ENDPOINT !== "";
  const folder = settings.BLOB_DIR === "" ? join(settings.DATA_DIR, "blobs") : settings.BLOB_DIR;
  const place = isS3 ? `bucket ${settings.BLOB_S3_BUCKET} at ${new URL(settings.BLOB_S3_ENDPOINT).host}` : folder;
  const finding = (state: Finding["state"], says: string, todo?: string): Finding => ({
    check: "blobs",
    state,
    says,
    ...(todo !== undefined && { todo }),
  });
  const blobs = await openBlobs(settings);
  if (blobs === undefined) {
    const todo = "set BLOB_DIR to a folder that all nodes and workers share, or BLOB_S3_ENDPOINT and its fellows";
    return finding("note", "no place for attachments: they are refused", todo);
  }
  // A folder of one's own is made by the node; looking leaves none behind.
  if (!isS3 && settings.BLOB_DIR === "" && !existsSync(folder))
    return finding("good", `${folder}, made when it is needed`);
  try {
    await blobs.check();
    return finding("good", `${place}: can be written, read and cleared`);
  } catch (error) {
    const todo = isS3
      ? "see to endpoint, bucket, region and keys: they must allow to put, get and delete objects, and to list the bucket"
      : `see to ${folder}: whoever runs the node must be able to write there, and the disk must have room`;
    return finding("bad", `${place} cannot be used (${reasonOf(error)})`, todo);
  }
}

/** What the place itself said. */
function reasonOf(error: unknown): string {
  const { cause } = error as Error;
  const { code, message } = (cause instanceof Error ? cause : error) as NodeJS.ErrnoException;
  return code ?? message;
}
