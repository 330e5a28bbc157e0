/** Opens files for writing and closes them, in a loop, so that read leases are broken all the time: `detect-open-loop.ts ROOT FILES TIMES`. Sends the longest open in ms. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

const [root, files, times] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: detect-open-loop.ts ROOT FILES TIMES");
let longestMs = 0;
for (let count = 0; count < Number(times); count++) {
  const startMs = performance.now();
  closeSync(openSync(join(root, `file${count % Number(files)}`), "a"));
  longestMs = Math.max(longestMs, performance.now() - startMs);
}
process.send?.({ longestMs });
