import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { LogFields } from "../../src/actors/ports/telemetry.ts";
import { QueueFaults } from "../../src/jobs/queue-faults.ts";

describe("faults of a queue", () => {
  const lines: string[] = [];
  let counted = 0;
  let now = 0;
  let faults: QueueFaults;
  beforeEach(() => {
    lines.length = 0;
    counted = 0;
    now = 1_000_000;
    const write = (level: string) => (event: string, fields?: LogFields) =>
      void lines.push(`${level} ${event} ${fields?.reason}`);
    const log = { ...silentTelemetry.log, info: write("info"), warn: write("warn") };
    const metrics = { ...silentTelemetry.metrics, count: () => void (counted += 1) };
    faults = new QueueFaults("sweeps", { log, metrics }, () => now);
  });

  it("are a line for the first of a run and one for its end, and each counts", () => {
    faults.worked();
    for (let times = 0; times < 3; times += 1) faults.failed(new Error("away"));
    faults.worked();
    faults.worked();
    now += 11_000;
    faults.failed(new Error("away again"));
    expect(lines).to.deep.equal(["warn queue.lost sweeps", "info queue.returned sweeps", "warn queue.lost sweeps"]);
    expect(counted).to.equal(4);
  });

  it("say nothing new where they come late from a run that is over", () => {
    faults.failed(new Error("away"));
    faults.worked();
    now += 5_000;
    faults.failed(new Error("timed out meanwhile"));
    faults.worked();
    expect(lines).to.deep.equal(["warn queue.lost sweeps", "info queue.returned sweeps"]);
    expect(counted).to.equal(2);
  });

  it("are none any more once the queue is to end", () => {
    faults.close();
    faults.failed(new Error("closed"));
    faults.worked();
    expect([lines, counted]).to.deep.equal([[], 0]);
  });
});
