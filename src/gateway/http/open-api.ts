/** The HTTP interface as OpenAPI 3.1, made from the validators that guard it. */
import { credentials, httpRefusal, session } from "../../protocol/http.ts";
import { blobOperations, blobSchemas } from "./blob-open-api.ts";
import { jsonSchema } from "./json-schema.ts";

const json = (schema: object) => ({ content: { "application/json": { schema } } });

export function openApi(version: string): object {
  const refusals = (statuses: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(statuses).map(([status, description]) => [
        status,
        { description, ...json({ $ref: "#/components/schemas/Refusal" }) },
      ]),
    );
  const operation = (operationId: string, summary: string, success: string, statuses: Record<string, string>) => ({
    post: {
      operationId,
      summary,
      requestBody: { required: true, ...json({ $ref: "#/components/schemas/Credentials" }) },
      responses: {
        [success]: { description: "A token to connect with.", ...json({ $ref: "#/components/schemas/Session" }) },
        ...refusals({ ...statuses, ...common }),
      },
    },
  });
  return {
    openapi: "3.1.0",
    info: { title: "Sotto: accounts and blobs", version },
    paths: {
      "/v1/accounts": operation("signUp", "Makes an account and logs in.", "201", { 409: "account-exists" }),
      "/v1/sessions": operation("logIn", "Logs in with a password.", "200", { 401: "credentials-invalid" }),
      "/v1/blobs/{id}": blobOperations(refusals),
    },
    components: {
      schemas: {
        Credentials: jsonSchema(credentials),
        Session: jsonSchema(session),
        Refusal: jsonSchema(httpRefusal),
        ...blobSchemas,
      },
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

const common = {
  400: "invalid-request",
  403: "accounts-disabled",
  413: "too-large",
  429: "rate-limited",
  500: "internal",
  503: "overloaded or unavailable",
};
