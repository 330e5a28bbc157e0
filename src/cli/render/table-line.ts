import type { FollowedFacts, TableFacts } from "../../daemon/table-facts.ts";
import { show } from "../../kernel/path.ts";
import { formatCount, formatMany, formatTime } from "../../kernel/readable.ts";
import type { Look } from "./terminal.ts";

/** How it stands with a table: whether it can be used, how many rows there are, up to when all is done, and what that waits for. */
export function tableLine(facts: TableFacts, look: Look): string {
  const { archive, state, reason } = facts;
  const where = facts.where.map(({ column, value }) => ` ${column}=${String(value)}`).join("");
  const how = state === null ? "not asked now" : `${state}${reason === null ? "" : ` (${reason})`}`;
  const numbers = archive === null ? ["never read"] : archiveNumbers(archive);
  const line = `table ${facts.name} of ${show(facts.database)}${where}: ${[how, ...numbers].join(", ")}`;
  return look.paint(state === "waiting" ? "yellow" : "dim", line);
}

function archiveNumbers({ rows, uncopied, owed, finalizedUntilS, waitsFor }: NonNullable<TableFacts["archive"]>): string[] {
  const waits =
    waitsFor === null
      ? ""
      : `, since row ${waitsFor.row}${waitsFor.path === null || waitsFor.path === `row ${waitsFor.row}` ? "" : ` (${show(waitsFor.path)})`} is ${waitsFor.state ?? "not done"}`;
  return [
    `${formatMany(rows, "row")}${uncopied === 0 ? "" : `, ${formatCount(uncopied)} not copied`}`,
    ...(owed === 0 ? [] : [`${formatMany(owed, "row")} to be written`]),
    ...(finalizedUntilS === null ? [] : [`final until ${formatTime(finalizedUntilS * 1000)}${waits}`]),
  ];
}

/** What the row of a transfer says now. */
export function followedText({ table, row, now, trouble, owed }: FollowedFacts): string {
  const head = `row ${row} of ${table}`;
  const owes = owed ? "; what became of it is still to be written into it" : "";
  if (trouble !== null) return `${head} cannot be read now: ${trouble}${owes}`;
  if (now === null) return `${head} is not there any more${owes}`;
  const says = [
    now.unusable ??
      `registered ${formatTime(now.registeredAtS * 1000)}${now.digest === null ? "" : ` with ${now.digest.algorithm} ${now.digest.hex}`}`,
    now.verified ? `verified${now.copiedAtS === null ? "" : `, copied ${formatTime(now.copiedAtS * 1000)}`}` : "not verified",
    ...(now.failures > 0 ? [formatMany(now.failures, "failed attempt")] : []),
    ...(now.ignore ? ["to be ignored"] : []),
    ...(now.removedAtS === null
      ? []
      : [now.removedAtS === 0 ? "its file was gone already" : `its file removed ${formatTime(now.removedAtS * 1000)}`]),
    ...(now.removable ? [] : ["its file is not to be removed"]),
  ];
  return `${head}: ${says.join(", ")}${owes}`;
}
