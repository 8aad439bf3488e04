/** Mocha's spec reporter, which also leaves its counts and the names of what was skipped where `SOTTO_TEST_SUMMARY` says. */
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      const { passes, failures } = runner.stats;
      const vectors = Number(process.env.SOTTO_VECTORS_RAN ?? 0);
      writeFileSync(process.env.SOTTO_TEST_SUMMARY, JSON.stringify({ passes, failures, skipped, vectors }));
    });
  }
};
