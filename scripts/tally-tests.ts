import { readFileSync } from "node:fs";
import { relative } from "node:path";

/**
 * Reads vitest's JSON report: fails when a test failed, in CI also when one was skipped or left to do, or when a file of
 * `test/must-run.txt` did not run. Prints `N passed, N failed` alone on the last line.
 * Usage: tally-tests.ts REPORT EXIT-STATUS-OF-VITEST
 */
type Report = {
  testResults: Array<{ name: string; status: string; message?: string; assertionResults: Array<{ fullName: string; status: string }> }>;
};

const [reportFile = "", vitestStatus = "1"] = process.argv.slice(2);
const faults: string[] = [];
const skipped: string[] = [];
/** CI is root and has every tool; on a person's machine what needs root is named and left out. */
const nothingMayBeSkipped = process.env["CI"] === "true" || process.env["HOTDIR_TEST_SIZE"] !== "everyday";
const report = readReport(reportFile);
let passed = 0;
const ran = new Set<string>();

for (const file of report?.testResults ?? []) {
  const name = relative(process.cwd(), file.name);
  const failedBefore = faults.length;
  for (const test of file.assertionResults) {
    if (test.status === "passed") passed += 1;
    else if (test.status === "failed" || nothingMayBeSkipped) faults.push(`${test.status}: ${name}: ${test.fullName}`);
    else skipped.push(`not run here: ${name}: ${test.fullName}`);
    if (test.status === "passed" || test.status === "failed") ran.add(name);
  }
  if (file.status === "failed" && faults.length === failedBefore)
    faults.push(`failed: ${name}: ${file.message ?? "the file could not be run"}`);
}
for (const name of mustRun()) if (!ran.has(name)) faults.push(`did not run, and must: ${name}`);
// An unhandled error fails vitest without failing a test.
if (faults.length === 0 && vitestStatus !== "0") faults.push(`vitest ended with status ${vitestStatus}`);

if (faults.length + skipped.length > 0) console.log(`\n${[...skipped, ...faults].join("\n")}`);
console.log(`${passed} passed, ${faults.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
process.exitCode = faults.length === 0 ? 0 : 1;

function readReport(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch (error) {
    faults.push(`no report of vitest: ${String(error)}`);
    return null;
  }
}

function mustRun(): string[] {
  const lines = readFileSync("test/must-run.txt", "utf8").split("\n");
  return lines.map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "");
}
