/**
 * A detector of its own, for tests that need it as another user or want to see its memory: `detect-watch.ts ROOT [LOOK]`.
 * Sends each report with the count of files so far and the resident bytes, and of the sightings those that are not a file at rest.
 */
import type { Sighting } from "../../src/flow/detect/contract.ts";
import { watchDirectory } from "../../src/flow/detect/watch-directory.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { absPath, bytesOfText, relPath } from "../../src/kernel/path.ts";

const [root, look] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: detect-watch.ts ROOT [LOOK]");
let files = 0;
let peakBytes = 0;
const startBytes = process.memoryUsage.rss();
process.on("disconnect", () => process.exit());

const isOdd = (each: Sighting): boolean =>
  each.kind === "unreadable" || each.kind === "gone" || (each.kind === "file" && each.writer !== "none");

const detector = watchDirectory({
  root: absPath(bytesOfText(root)),
  expectedIdentity: null,
  rescanMs: 3_600_000,
  leases: true,
  log: silentLog,
  report: (report) => {
    if (report.kind !== "sightings") {
      process.send?.({ report: report.kind, files, startBytes, peakBytes, facts: report });
      if (report.kind === "scanned" && look !== undefined) detector.look([relPath(bytesOfText(look))]);
      return;
    }
    files += report.sightings.filter(({ kind }) => kind === "file").length;
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    for (const { kind, path, ...facts } of report.sightings.filter(isOdd)) {
      process.send?.({
        report: "odd",
        kind,
        path,
        writer: "writer" in facts ? facts.writer : undefined,
        code: "code" in facts ? facts.code : undefined,
      });
    }
    report.taken();
  },
});
