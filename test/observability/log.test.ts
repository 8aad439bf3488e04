import { expect } from "chai";
import { createLog } from "../../src/observability/log.ts";

function captured(level: "debug" | "info" | "silent" = "debug") {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level,
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { log, lines };
}

describe("a log line", () => {
  it("has an event, a time and the ids it is about", () => {
    const { log, lines } = captured();
    log.info("socket.admitted", { user: "alice", device: "d1", durationMs: 3 });
    expect(lines[0]).to.include({
      level: "info",
      event: "socket.admitted",
      user: "alice",
      device: "d1",
      durationMs: 3,
    });
    expect(lines[0]?.["time"]).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it("has nothing that is not on the list, whatever is passed", () => {
    const { log, lines } = captured();
    const fields = { user: "alice", payload: "leak", token: "leak", password: "leak", key: { secret: "leak" } };
    log.warn("x", fields);
    log.warn("x", { user: { nested: "leak" }, reason: new Uint8Array([1]), count: "leak" } as object);
    expect(JSON.stringify(lines)).not.to.include("leak").and.not.to.include("nested");
    expect(Object.keys(lines[0]!).sort()).to.deep.equal(["event", "level", "time", "user"]);
  });

  it("cuts long text off", () => {
    const { log, lines } = captured();
    log.info("x", { reason: "y".repeat(10_000) });
    expect(lines[0]?.["reason"]).to.have.length(200);
  });

  it("says of an error what it is and where, never its message", () => {
    const { log, lines } = captured();
    const cause = Object.assign(new TypeError("leak one\nleak two"), { code: "SQLITE_FULL" });
    log.error("request.failed", { error: new Error("leak three", { cause }), errorId: "e1" });
    log.error("request.failed", { error: "leak four" });
    expect(JSON.stringify(lines)).not.to.include("leak");
    const error = lines[0]?.["error"] as { name: string; at: string[]; cause: { name: string; code: string } };
    expect(error.name).to.equal("Error");
    expect(error.at[0]).to.include("log.test");
    expect(error.cause).to.include({ name: "TypeError", code: "SQLITE_FULL" });
  });

  it("is not written below the level", () => {
    const { log, lines } = captured("info");
    log.debug("x");
    log.info("y");
    expect(lines.map(({ event }) => event)).to.deep.equal(["y"]);
  });
});
