/** The part of the OpenAPI document that is about blobs. */
import { blobProgress } from "../../protocol/blobs.ts";
import { jsonSchema } from "./json-schema.ts";

type Refusals = (statuses: Record<string, string>) => object;

const bytes = { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };
const header = (name: string, description: string) => ({ name, in: "header", description, schema: { type: "string" } });
const progressHeaders = {
  "Upload-Offset": { description: "Bytes received so far.", schema: { type: "integer" } },
  "Upload-Length": { description: "Bytes of the whole blob.", schema: { type: "integer" } },
};
const common = {
  401: "token-missing, token-invalid or token-expired",
  403: "forbidden, device-unknown or attachments-disabled",
  404: "blob-unknown",
  429: "rate-limited",
  500: "internal",
  503: "overloaded or unavailable",
};

export const blobSchemas = { BlobProgress: jsonSchema(blobProgress) };

export function blobOperations(refusals: Refusals): object {
  const progress = { "application/json": { schema: { $ref: "#/components/schemas/BlobProgress" } } };
  return {
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "string", pattern: "^[0-9a-f]{64}$" } }],
    put: {
      operationId: "putBlobPart",
      summary: "Brings the next part of a blob; the first one begins it.",
      security: [{ token: [] }],
      parameters: [
        header("Content-Range", "bytes FIRST-LAST/SIZE; may be left out where the blob is one part"),
        header("Content-Digest", "sha-256=:…: of the part"),
      ],
      requestBody: { required: true, ...bytes },
      responses: {
        200: { description: "The part is durable.", headers: progressHeaders, content: progress },
        201: { description: "The blob is complete.", headers: progressHeaders, content: progress },
        ...refusals({
          ...common,
          400: "invalid-request or part-damaged",
          408: "timeout: it comes too slowly",
          409: "upload-conflict",
          413: "too-large",
          507: "quota-exceeded",
        }),
      },
    },
    get: {
      operationId: "readBlob",
      summary: "A complete blob, or one range of it.",
      security: [{ token: [] }],
      parameters: [header("Range", "bytes=FIRST-LAST")],
      responses: {
        200: { description: "The blob.", ...bytes },
        206: { description: "The range.", ...bytes },
        ...refusals({ ...common, 400: "invalid-request", 416: "invalid-request: no such range" }),
      },
    },
    head: {
      operationId: "findBlob",
      summary: "How far an upload is. Unfinished ones are seen by their uploader alone.",
      security: [{ token: [] }],
      responses: {
        200: { description: "It is there.", headers: progressHeaders },
        404: { description: "blob-unknown" },
      },
    },
    delete: {
      operationId: "removeBlob",
      summary: "Removes a blob of one's own.",
      security: [{ token: [] }],
      responses: { 204: { description: "It is gone." }, ...refusals({ ...common, 400: "invalid-request" }) },
    },
  };
}
