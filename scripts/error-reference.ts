import { errorCodes, type Scope } from "../src/kernel/error-codes.ts";

const scopeTitles: Record<Scope, string> = {
  file: "One file",
  connection: "One connection",
  destination: "The destination",
  origin: "Where a file is to be fetched",
  unclear: "The file or the destination",
  daemon: "hotdir itself",
};

const scopeMeanings: Record<Scope, string> = {
  file: "That transfer waits and is tried again, or becomes a dead letter after `retry.attempts`. Others are not held up.",
  connection: "The lane is replaced and its transfers go back into the queue. No attempt is counted.",
  destination: "The flow is `waiting`, tries again by itself with growing pauses, and no attempt is counted.",
  origin: "That transfer waits, longer each time, and no attempt is counted. Those that are fetched elsewhere are not held up.",
  unclear: "Counts against the file only when another file succeeded at the same destination since.",
  daemon: "The flow or the program stops and says so.",
};

/** The page `docs/reference/errors.md`, from the one table of error codes. */
export function errorReference(): string {
  const sections = (Object.keys(scopeTitles) as Scope[]).map((scope) => {
    const rows = Object.entries(errorCodes)
      .filter(([, entry]) => entry.scope === scope)
      .map(([code, entry]) => `| \`${code}\` | ${entry.says} | ${entry.retry === "never" ? "a person" : "hotdir, by itself"} |`);
    return [
      `## ${scopeTitles[scope]}`,
      "",
      scopeMeanings[scope],
      "",
      "| code | what happened | who tries again |",
      "|---|---|---|",
      ...rows,
      "",
    ].join("\n");
  });
  return [
    "# Errors",
    "",
    "Every failure has one of these codes, in the log, in `explain`, in `dead` and in `--json` output. The code decides what",
    "is held up and who acts. This page is generated from `src/kernel/error-codes.ts` by `npm run reference`.",
    "",
    ...sections,
  ].join("\n");
}
