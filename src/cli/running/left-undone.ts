import type { Daemon } from "../../daemon/daemon.ts";
import { countOwedRows } from "../../flow/ledger/catalog-owed.ts";
import { openForReading } from "../../flow/ledger/database.ts";
import { countIngests } from "../../flow/ledger/ingests.ts";
import { formatMany } from "../../kernel/readable.ts";

/** Why a run that ends when idle leaves files undone, and what to do about it: a line for each flow that cannot go on. */
export function leftUndone({ flows, set }: Pick<Daemon, "flows" | "set">): string[] {
  const stopped = set.stopped.map(
    (name) => `${name} is stopped, so nobody looked at what it has to deliver; once hotdir runs, 'hotdir start ${name}' runs it again`,
  );
  const waiting = flows.flatMap(({ settings: { name }, state, waiting: files }) => {
    if (state.state === "halted")
      return `${name} is halted: ${state.reason}; look at its source, then 'hotdir resume ${name}' goes on with it as it is`;
    if (state.state !== "paused" || files === 0) return [];
    return `${name} is paused, and ${formatMany(files, "file")} wait: ${state.reason}; 'hotdir status' tells how it stands`;
  });
  return [...waiting, ...stopped];
}

/** What was delivered and is not ingested, or not in the catalog: `waiting` goes on by itself at the next run, `failed` needs a person. */
export function leftUnfinished({ flows }: Pick<Daemon, "flows">, stateDirectory: string): { waiting: string[]; failed: string[] } {
  using db = openForReading(stateDirectory);
  const left: { waiting: string[]; failed: string[] } = { waiting: [], failed: [] };
  for (const { settings, entry, state } of flows) {
    if (db === null) break;
    const { ingest, catalog } = settings.finish;
    const because = state.reason === null ? "" : `: ${state.reason}`;
    const counts = ingest === null ? null : countIngests(db, entry.id);
    const toGo = counts === null ? 0 : counts.UNTRIED + counts.RERUN + counts.PENDING;
    const troubled = counts === null ? 0 : counts.FAILURE + counts.UNKNOWN;
    const { owed, refused } = catalog === null ? { owed: 0, refused: 0 } : countOwedRows(db, entry.id);
    if (toGo > 0)
      left.waiting.push(`${settings.name}: ${formatMany(toGo, "delivered file waits", "delivered files wait")} to be ingested${because}`);
    if (owed > refused)
      left.waiting.push(
        `${settings.name}: ${formatMany(owed - refused, "delivered file waits", "delivered files wait")} for the catalog${because}`,
      );
    if (refused > 0)
      left.failed.push(`${settings.name}: the catalog has no place for ${formatMany(refused, "delivered file")}; the log says why`);
    if (troubled > 0)
      left.failed.push(
        `${settings.name}: ${formatMany(troubled, "delivered file was", "delivered files were")} not ingested; 'hotdir retry -f ${settings.name} --all' tries again`,
      );
  }
  return left;
}
