/** The bytes of blobs in an S3-compatible store: an object for each part, `blobs/ID/PART`. Path-style, signed with SigV4. */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import type { Blobs } from "../actors/ports/blobs.ts";
import { blobId, type BlobId } from "../protocol/blobs.ts";
import { SottoError } from "../protocol/errors.ts";
import { checkBlobs } from "./check-blobs.ts";
import { readListing } from "./s3-listing.ts";

export interface S3Options {
  /** `https://host[:port]`, without the bucket. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKey: string;
  secretKey: string;
  /** Milliseconds between tries, doubled each time; tests shorten it. */
  retryBaseMs?: number;
}

const tries = 4;
const answerWithinMs = 30_000;
const retryAfterMs = 2000;
const removedAtOnce = 16;
const keyPattern = /^blobs\/([0-9a-f]{64})\/\d{5}$/;

const keyOf = (blob: BlobId, part: number): string => `blobs/${blobId.parse(blob)}/${String(part).padStart(5, "0")}`;

export class S3Blobs implements Blobs {
  private readonly client: AwsClient;
  private readonly bucketUrl: string;
  private readonly retryBaseMs: number;

  constructor({ endpoint, bucket, region, accessKey, secretKey, retryBaseMs = 200 }: S3Options) {
    this.client = new AwsClient({ accessKeyId: accessKey, secretAccessKey: secretKey, region, service: "s3" });
    this.bucketUrl = `${endpoint.replace(/\/+$/, "")}/${encodeURIComponent(bucket)}`;
    this.retryBaseMs = retryBaseMs;
  }

  async putPart(blob: BlobId, part: number, bytes: Uint8Array): Promise<void> {
    await this.ask("PUT", keyOf(blob, part), bytes);
  }

  async readPart(blob: BlobId, part: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = await this.ask("GET", keyOf(blob, part));
    return bytes?.length === length ? bytes : undefined;
  }

  async remove(blob: BlobId): Promise<void> {
    for await (const { keys } of this.pages(`blobs/${blobId.parse(blob)}/`)) {
      for (let first = 0; first < keys.length; first += removedAtOnce) {
        await Promise.all(keys.slice(first, first + removedAtOnce).map(({ key }) => this.ask("DELETE", key)));
      }
    }
  }

  async *list(): AsyncGenerator<{ blob: BlobId; writtenAt: number }[]> {
    for await (const { keys } of this.pages("blobs/")) {
      const newest = new Map<BlobId, number>();
      for (const { key, writtenAt } of keys) {
        const blob = keyPattern.exec(key)?.[1] as BlobId | undefined;
        if (blob) newest.set(blob, Math.max(newest.get(blob) ?? 0, writtenAt));
      }
      yield [...newest].map(([blob, writtenAt]) => ({ blob, writtenAt }));
    }
  }

  check(): Promise<void> {
    return checkBlobs(this);
  }

  private async *pages(prefix: string) {
    for (let token: string | undefined = ""; token !== undefined;) {
      const query = new URLSearchParams({ "list-type": "2", prefix, ...(token && { "continuation-token": token }) });
      const answer: Uint8Array | undefined = await this.ask("GET", `?${query}`);
      const page = readListing(new TextDecoder().decode(answer));
      yield page;
      token = page.next;
    }
  }

  /** The body of the answer; undefined where there is no such object. Tries again what may pass. */
  private async ask(
    method: "GET" | "PUT" | "DELETE",
    path: string,
    body?: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    let failure: unknown;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (attempt > 0) await pause(this.retryBaseMs * 2 ** (attempt - 1));
      try {
        const { status, bytes } = await this.askOnce(method, path, body);
        if (status === 404) return undefined;
        if (status < 300) return bytes;
        failure = new Error(`The S3 store answers ${status} to ${method}: ${codeIn(bytes)}.`);
        if (status < 500 && status !== 429) break;
      } catch (error) {
        failure = error;
      }
    }
    throw new SottoError("unavailable", { cause: failure, retryAfterMs });
  }

  private async askOnce(method: string, path: string, body: Uint8Array | undefined) {
    const digest = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const request = await this.client.sign(`${this.bucketUrl}/${path}`.replace("/?", "?"), {
      method,
      headers: { "x-amz-content-sha256": digest },
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    });
    const response = await fetch(request, { signal: AbortSignal.timeout(answerWithinMs), redirect: "error" });
    return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the store calls its refusal; nothing else of its answer is repeated. */
const codeIn = (bytes: Uint8Array): string =>
  /<Code>(\w{1,64})<\/Code>/.exec(new TextDecoder().decode(bytes))?.[1] ?? "no code";
