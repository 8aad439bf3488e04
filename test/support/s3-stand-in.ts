/**
 * A small S3: objects of one bucket in memory, path-style, PUT, GET, DELETE and ListObjectsV2. It checks every signature by itself (SigV4,
 * from its specification, not by the library that made it) and the digest of every body; what does not fit is 403 and kept in `refused`.
 */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export class S3StandIn {
  readonly objects = new Map<string, { bytes: Buffer; at: number }>();
  readonly refused: string[] = [];
  readonly credentials = { region: "here-1", accessKey: "access", secretKey: "a secret key" };
  readonly bucket = "attachments";
  /** So many requests from now on are answered with 503. */
  failing = 0;
  pageSize = 1000;
  endpoint = "";
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, body }) => response.writeHead(status).end(body));
    });
  }

  static async start(): Promise<S3StandIn> {
    const standIn = new S3StandIn();
    await new Promise<void>((resolve) => standIn.server.listen(0, "127.0.0.1", resolve));
    standIn.endpoint = `http://127.0.0.1:${(standIn.server.address() as AddressInfo).port}`;
    return standIn;
  }

  close(): void {
    this.server.close().closeAllConnections();
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body?: Buffer | string }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (this.failing > 0) {
      this.failing -= 1;
      return { status: 503, body: "<Error><Code>SlowDown</Code></Error>" };
    }
    const url = new URL(request.url!, this.endpoint);
    const fault = this.faultOf(request, url, body);
    if (fault !== undefined) {
      this.refused.push(fault);
      return { status: 403, body: `<Error><Code>${fault}</Code></Error>` };
    }
    const [, bucket, ...rest] = url.pathname.split("/");
    if (bucket !== this.bucket) return { status: 404, body: "<Error><Code>NoSuchBucket</Code></Error>" };
    const key = rest.join("/");
    if (key === "") return { status: 200, body: this.listing(url.searchParams) };
    if (request.method === "PUT") this.objects.set(key, { bytes: body, at: Date.now() });
    if (request.method === "DELETE") return { status: this.objects.delete(key) ? 204 : 204 };
    const found = this.objects.get(key);
    if (found === undefined) return { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };
    return { status: 200, ...(request.method === "GET" && { body: found.bytes }) };
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
  private faultOf({ method, headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
    const { region, accessKey, secretKey } = this.credentials;
    const pattern = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
    const [, credential, signedHeaders, signature] = pattern.exec(headers.authorization ?? "") ?? [];
    if (!credential || !signedHeaders || !signature) return "AccessDenied";
    const date = String(headers["x-amz-date"]);
    const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
    if (credential !== `${accessKey}/${scope}`) return "InvalidAccessKeyId";
    const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    if (!(Math.abs(Date.now() - at) < 900_000)) return "RequestTimeTooSkewed";
    const digest = String(headers["x-amz-content-sha256"]);
    if (digest !== sha256(body)) return "XAmzContentSHA256Mismatch";
    const names = signedHeaders.split(";");
    if (!["host", "x-amz-content-sha256", "x-amz-date"].every((name) => names.includes(name))) return "AccessDenied";
    const query = [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .toSorted()
      .join("&");
    const canonical = [
      method,
      url.pathname,
      query,
      ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
      "",
      signedHeaders,
      digest,
    ].join("\n");
    const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
    const key = [region, "s3", "aws4_request"].reduce(
      (made, part) => hmac(made, part),
      hmac(`AWS4${secretKey}`, date.slice(0, 8)),
    );
    return hmac(key, text).toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
  }

  private listing(query: URLSearchParams): string {
    const all = [...this.objects]
      .filter(([key]) => key.startsWith(query.get("prefix") ?? ""))
      .toSorted(([one], [other]) => (one < other ? -1 : 1));
    // Tokens are opaque, and may hold what XML and URLs escape.
    const after = (query.get("continuation-token") ?? "").replace(/^t<&\+ /, "");
    const left = all.filter(([key]) => key > after);
    const page = left.slice(0, this.pageSize);
    const entries = page.map(
      ([key, { at }]) =>
        `<Contents><Key>${key}</Key><LastModified>${new Date(at).toISOString()}</LastModified></Contents>`,
    );
    const more = left.length > page.length;
    const token = `<NextContinuationToken>t&lt;&amp;+ ${page.at(-1)?.[0]}</NextContinuationToken>`;
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? token : ""}${entries.join("")}</ListBucketResult>`;
  }
}
