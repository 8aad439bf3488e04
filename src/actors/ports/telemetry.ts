/** What the house says about itself. Event names are stable and dotted (`socket.admitted`); fields are ids and numbers. */

/** The fields that a log line may have. Whatever is not named here is not written: payloads and keys cannot leak. */
export interface LogFields {
  user?: string;
  device?: string;
  conversation?: string;
  socket?: string;
  node?: string;
  request?: string;
  room?: string;
  push?: string;
  job?: string;
  bucket?: string;
  table?: string;
  rule?: string;
  address?: string;
  path?: string;
  method?: string;
  status?: number;
  /** A code of the catalogue, or of the system (`EADDRINUSE`). */
  code?: string;
  /** Links an `internal` answer to its line. */
  errorId?: string;
  /** Only its name, its code and its stack's places are written; its message is not, for it may quote input. */
  error?: unknown;
  reason?: string;
  signal?: string;
  pid?: number;
  url?: string;
  sequence?: number;
  epoch?: number;
  count?: number;
  /** ISO 8601. */
  nextAt?: string;
  bytes?: number;
  durationMs?: number;
  retryAfterMs?: number;
}

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Counts and times, by stable names. Labels have few values: never an id. */
export interface Metrics {
  count(name: CounterName, labels?: Readonly<Record<string, string>>, by?: number): void;
  /** Seconds. */
  observe(name: TimingName, seconds: number, labels?: Readonly<Record<string, string>>): void;
  /** Read whenever somebody asks for the metrics. */
  gauge(name: GaugeName, read: () => number | Promise<number>): void;
}

export type CounterName =
  | "handshakes" // outcome
  | "requests" // request, code (ok, or of the catalogue)
  | "messages_accepted"
  | "acks"
  | "open_failures" // reason
  | "pushes" // push
  | "sweeps" // job, outcome
  | "rows_purged" // table
  | "blob_bytes" // direction
  | "sign_ins" // outcome
  | "wakes" // outcome
  | "queue_errors" // queue
  | "web_pushes"; // outcome

export type TimingName = "request" | "accept" | "sweep"; // labels: request, -, job

export type GaugeName =
  | "sockets"
  | "mailboxes"
  | "mailbox_messages"
  | "conversations"
  | "messages"
  | "devices"
  | "due_conversations"
  | "database_bytes";
