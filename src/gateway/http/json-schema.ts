import * as z from "zod/mini";

/** A validator as JSON Schema, draft 2020-12, as it stands inside of OpenAPI 3.1 and AsyncAPI 3.0 documents. */
export function jsonSchema(validator: z.core.$ZodType): object {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(validator, { target: "draft-2020-12", io: "input" });
  return schema;
}
