import fc from "fast-check";
import type * as z from "zod/mini";
import { newId } from "../../src/protocol/ids.ts";
import { requestNames, requests, type RequestName } from "../../src/protocol/requests.ts";

export interface Frame {
  event: string;
  parameters: unknown[];
}

/** Requests of the right outline with anything in any of their fields, and things that are no requests at all. */
export const frames: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...requestNames).chain(frameOf) },
  {
    weight: 1,
    arbitrary: fc.record({
      event: fc.constantFrom(...requestNames),
      parameters: fc.array(anything(), { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ event: fc.string().filter(isSendable), parameters: fc.array(anything(), { maxLength: 2 }) }),
  },
);

function frameOf(event: RequestName): fc.Arbitrary<Frame> {
  return outlineOf(requests[event].request)
    .filter((request) => !wouldBeStored(event, request))
    .map((request) => ({ event, parameters: [request] }));
}

/** These need no more than the right shape; everything else needs a key or a place that random bytes have not. */
function wouldBeStored(event: RequestName, request: unknown): boolean {
  const needShapeOnly: RequestName[] = ["conversation:open", "conversation:create", "link:offer", "blocks:set"];
  return needShapeOnly.includes(event) && requests[event].request.safeParse(request).success;
}

/** Names that a client library sends as they are. */
function isSendable(event: string): boolean {
  const reserved = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
  return !reserved.includes(event);
}

/** Values of a shape, most of them; one in thirty is anything at all. */
export function outlineOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 29, arbitrary: plausible(schema) }, { weight: 1, arbitrary: anything() });
}

function plausible(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const fields = Object.entries(def.shape).map(([key, inner]) => [key, outlineOf(inner)] as const);
      const whole = fc.record(Object.fromEntries(fields));
      return fc.oneof({ weight: 19, arbitrary: whole }, fc.record(Object.fromEntries(fields), { requiredKeys: [] }));
    }
    case "array":
      return fc.array(outlineOf(def.element), { maxLength: 4 });
    case "tuple":
      return fc.tuple(...def.items.map(outlineOf));
    case "optional":
    case "nullable":
      return outlineOf(def.innerType);
    case "union":
      return fc.oneof(...def.options.map(outlineOf));
    case "literal":
      return fc.constantFrom<unknown>(...def.values);
    case "enum":
      return fc.constantFrom<unknown>(...Object.values(def.entries));
    case "boolean":
      return fc.boolean();
    case "number":
      return fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 1, max: 9 }) },
        fc.integer(),
        fc.double(),
        fc.constant(2 ** 53),
      );
    default:
      return fc.oneof({ weight: 20, arbitrary: text().filter(isOf(schema)) }, text());
  }
}

const isOf = (schema: z.core.$ZodType) => (value: string) => (schema as z.ZodMiniType).safeParse(value).success;

function text(): fc.Arbitrary<string> {
  const base64 = (bytes: number) =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString("base64"));
  return fc.oneof(
    fc.constantFrom(16, 32, 48, 64, 100, 113, 169, 1120, 1216).chain(base64),
    fc.constant(null).map(() => newId()),
    fc.string(),
    fc.constantFrom(
      "alice",
      "bob",
      "https://push.example/one",
      "k".repeat(87),
      "__proto__",
      "constructor",
      "' OR 1=1 --",
      "\u0000",
      "=".repeat(64),
    ),
  );
}

function anything(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.jsonValue(),
    fc.uint8Array(),
    fc.constantFrom<unknown>(null, [], {}, JSON.parse('{"__proto__":{"device":1}}'), 1e308, "x".repeat(20_000)),
  );
}
