/**
 * What a node says about itself: log lines (here) and metrics (`metrics.ts`). JSON lines on stderr, with stable event names.
 * Only fields on the list below are written, and of errors only their name, code and places: a payload, a key or a token
 * cannot get into a line, whatever a caller passes. Knows no other part of the house.
 */
import { pino, type DestinationStream } from "pino";
import type { Log, LogFields } from "../actors/ports/telemetry.ts";

/** Everything a line may say, and of which type. */
const allowedFields = {
  user: "string",
  device: "string",
  conversation: "string",
  socket: "string",
  node: "string",
  request: "string",
  room: "string",
  push: "string",
  job: "string",
  bucket: "string",
  table: "string",
  rule: "string",
  address: "string",
  path: "string",
  method: "string",
  status: "number",
  code: "string",
  errorId: "string",
  error: "error",
  reason: "string",
  signal: "string",
  pid: "number",
  url: "string",
  sequence: "number",
  epoch: "number",
  count: "number",
  nextAt: "string",
  bytes: "number",
  durationMs: "number",
  retryAfterMs: "number",
} as const satisfies Record<keyof LogFields, string>;

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** Longest text in a line. Ids are shorter; what is longer is not an id. */
const maxTextLength = 200;

type Write = (event: string, fields?: LogFields) => void;

/** `flush` is for the last moment of a process. */
export interface NodeLog extends Log {
  flush(): void;
}

/** A log that writes to stderr, synchronously: the last line before a crash is there. */
export function createLog(options: { level: LogLevel; destination?: DestinationStream }): NodeLog {
  const destination = options.destination ?? standardError();
  const lines = pino(
    {
      level: options.level,
      base: null,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const writer =
    (level: "debug" | "info" | "warn" | "error"): Write =>
    (event, fields) => {
      if (lines.isLevelEnabled(level)) lines[level](allowed(fields ?? {}), event);
    };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    flush: () => lines.flush(),
  };
}

function standardError(): DestinationStream & { flushSync(): void } {
  const destination = pino.destination({ fd: 2, sync: true });
  // Nobody reads any more: no reason for a node to end.
  destination.on("error", () => undefined);
  return destination;
}

function allowed(fields: object): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const type = (allowedFields as Record<string, string>)[name];
    if (type === "error") line[name] = withoutMessage(value);
    else if (type === "number" && typeof value === "number") line[name] = value;
    else if (type === "string" && typeof value === "string") line[name] = value.slice(0, maxTextLength);
  }
  return line;
}

/** An error's message may quote what somebody sent; its name, code and places may not. */
function withoutMessage(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    name: error.name.slice(0, maxTextLength),
    ...(typeof code === "string" ? { code: code.slice(0, maxTextLength) } : {}),
    at: places.slice(0, 12).map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: withoutMessage(error.cause) }),
  };
}
