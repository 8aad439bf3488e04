import { expect } from "chai";
import { createMetrics } from "../../src/observability/metrics.ts";

describe("a node's metrics", () => {
  it("are counted, timed and read, under names of their own", async () => {
    const metrics = createMetrics();
    metrics.count("requests", { request: "message:send", code: "ok" });
    metrics.count("rows_purged", { table: "messages" }, 5);
    metrics.observe("accept", 0.004);
    metrics.gauge("sockets", () => 7);
    metrics.gauge("messages", async () => 9);
    const { contentType, text } = await metrics.expose();
    expect(contentType).to.include("text/plain");
    expect(text).to.include('sotto_requests_total{request="message:send",code="ok"} 1');
    expect(text).to.include('sotto_rows_purged_total{table="messages"} 5');
    expect(text).to.include('sotto_accept_seconds_bucket{le="0.005"} 1');
    expect(text).to.include("sotto_sockets 7").and.to.include("sotto_messages 9");
    expect(text).to.include("process_cpu_seconds_total");
    metrics.close();
  });

  it("are given without a gauge that cannot be read now", async () => {
    const metrics = createMetrics();
    metrics.gauge("messages", () => Promise.reject(new Error("no database")));
    metrics.gauge("devices", () => {
      throw new Error("no database");
    });
    expect((await metrics.expose()).text)
      .to.include("sotto_messages Nan")
      .and.to.include("sotto_devices Nan");
  });

  it("of two nodes in one process stay apart", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.count("acks");
    expect((await one.expose()).text).to.include("sotto_acks_total 1");
    expect((await other.expose()).text).to.include("sotto_acks_total 0");
  });
});
