import type { Log, Metrics } from "./telemetry.ts";

/** Where the parts of a node write what happens. */
export interface Telemetry {
  log: Log;
  metrics: Metrics;
}

const nothing = () => undefined;

/** Tells nobody: for tests, and for whoever embeds a part alone. */
export const silentTelemetry: Telemetry = {
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  metrics: { count: nothing, observe: nothing, gauge: nothing },
};
