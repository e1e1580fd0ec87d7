"use strict";
// One line a test for node's own test runner, and all that is known of those that failed.
const path = require("node:path");

const isFile = (data) => data.name === data.file || data.name.endsWith(".js");
const area = (data) => (data.file ? path.basename(data.file).replace(/(_test)?\.js$/, "") : "");
const line = (verdict, data, more = "") => `${verdict} ${area(data)}: ${data.name}${more}\n`;

module.exports = async function* report(source) {
  const count = { ok: 0, skipped: 0, FAILED: 0 };
  for await (const { type, data } of source) {
    if (type === "test:stderr" || type === "test:stdout") {
      yield data.message;
    } else if (type === "test:pass" && data.skip !== undefined) {
      count.skipped++;
      yield line("skipped", data, typeof data.skip === "string" ? `: ${data.skip}` : "");
    } else if (type === "test:pass" && !isFile(data)) {
      count.ok++;
      yield line("ok", data, ` (${Math.round(data.details.duration_ms)} ms)`);
    } else if (type === "test:fail") {
      const error = data.details.error;
      const cause = error.cause ?? error;
      if (!isFile(data) || !/subtest/.test(error.message)) {
        count.FAILED++;
        yield line("FAILED", data);
        yield `${cause.stack ?? cause}\n`.replace(/^/gm, "    ");
      }
    }
  }
  yield `${count.ok} passed, ${count.FAILED} failed, ${count.skipped} skipped\n`;
};
