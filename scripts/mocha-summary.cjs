/** Mocha's spec reporter, which also leaves its counts, what was skipped and what failed and why where `SOTTO_TEST_SUMMARY` says. */
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    const failed = [];
    runner.on("fail", (test, error) => failed.push(`${test.fullTitle()}\n${error.stack ?? error}`));
    runner.once("end", () => {
      const { passes } = runner.stats;
      const vectors = Number(process.env.SOTTO_VECTORS_RAN ?? 0);
      writeFileSync(process.env.SOTTO_TEST_SUMMARY, JSON.stringify({ passes, failed, skipped, vectors }));
    });
  }
};
