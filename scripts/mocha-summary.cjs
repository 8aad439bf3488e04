/** Mocha's spec reporter, which also leaves what it counted, where `SOTTO_TEST_SUMMARY` says: see `runShard`. */
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

/** A process that has not ended by then says what keeps it. */
const sayWhatIsOpenAfterMs = 30_000;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    const failed = [];
    const unsteady = [];
    const told = (error) => `${error.stack ?? error}${error.cause ? `\ncaused by ${told(error.cause)}` : ""}`;
    const why = (test, error) => `${test.fullTitle()}\n${told(error)}`;
    runner.on("fail", (test, error) => failed.push(why(test, error)));
    runner.on("retry", (test, error) => unsteady.push(why(test, error)));
    runner.once("end", () => {
      const { passes } = runner.stats;
      const vectors = Number(process.env.SOTTO_VECTORS_RAN ?? 0);
      const say = () => console.log("still open:", process.getActiveResourcesInfo().join(", "));
      setTimeout(say, sayWhatIsOpenAfterMs).unref();
      writeFileSync(process.env.SOTTO_TEST_SUMMARY, JSON.stringify({ passes, failed, unsteady, skipped, vectors }));
    });
  }
};
