import { statSync } from "node:fs";
import { bytesOfText, show } from "../../kernel/path.ts";
import { formatBytes, formatMany } from "../../kernel/readable.ts";
import type { FileRow } from "../../suprsync/schema.ts";

const RULE = "-".repeat(80);
const times = new Set<keyof FileRow>(["timestamp", "copied", "removed"]);

/** As the original's tool shows a row, and below it what that means. */
export function rowText(row: FileRow): string {
  const columns = (Object.keys(row) as Array<keyof FileRow>).map((column) => `    ${column}: ${cellText(column, row[column])}`);
  return [RULE, "SupRsyncFile:", ...columns, `    -> ${meaningOf(row)}; ${localText(row)}`, RULE, ""].join("\n");
}

function cellText(column: keyof FileRow, value: string | number | null): string {
  if (value === null) return "None";
  if (column === "deletable" || column === "ignore") return value === 0 ? "False" : "True";
  if (typeof value === "string") return show(bytesOfText(value));
  return times.has(column) && value > 0 ? `${value} (${new Date(value * 1000).toISOString()})` : String(value);
}

/** How far a row is, in words. */
export function meaningOf(row: FileRow): string {
  const isVerified = row.remote_md5sum === row.local_md5sum;
  if (row.removed !== null)
    return row.removed > 0 ? "verified, and removed from this machine" : "it was gone from this machine when it was to be removed";
  if (isVerified) return "verified at the destination";
  if (row.ignore === 1) return "ignored: it is not copied";
  const failed = row.failed_copy_attempts ?? 0;
  return failed === 0 ? "to be copied" : `to be copied, unless the agent has given it up: ${formatMany(failed, "attempt")} failed`;
}

function localText({ local_path: path }: FileRow): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "no file is there on this machine" : `on this machine it has ${formatBytes(found.size)}`;
}
