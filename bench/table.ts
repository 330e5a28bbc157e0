import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { openForWriting } from "../src/flow/ledger/database.ts";
import { registerFlow } from "../src/flow/ledger/flows.ts";
import { archiveFacts } from "../src/flow/ledger/table-source.ts";
import { TableEntrance } from "../src/flow/table/table-entrance.ts";
import { TableThread } from "../src/flow/table/table-thread.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { silentLog } from "../src/kernel/log.ts";
import { type AbsPath, bytesOfText } from "../src/kernel/path.ts";
import { ForeignTable, tableSettings, tableSource } from "../test/support/foreign-table.ts";
import { makeTemporary } from "../test/support/temporary.ts";

/**
 * A table of a million rows that are done, as years leave it, and the entrance of a flow that follows it: how long a round with nothing to do takes,
 * how long one with a new row, what comparing all of them costs, and what it holds in memory. `node bench/table.ts [ROWS]`.
 */
const rows = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 50;

await using temporary = await makeTemporary({ on: "disk" });
using table = new ForeignTable(`${temporary.path}/suprsync.db`);
table.sqlite.exec("BEGIN");
const insert = table.sqlite.prepare(
  `INSERT INTO supersync_v0 (local_path, local_md5sum, archive_name, remote_path, timestamp, remote_md5sum, copied, removed, failed_copy_attempts, deletable, "ignore")
   VALUES (?, ?, 'data', ?, ?, ?, ?, ?, 0, 1, 0)`,
);
const now = Date.now() / 1000;
for (let at = 0; at < rows; at++) {
  const sum = at.toString(16).padStart(32, "0");
  const when = now - rows + at;
  insert.run(`/data/archive/${at % 997}/file-${at}.g3`, sum, `17000/${at % 997}/file-${at}.g3`, when, sum, when + 5, when + 10);
}
table.sqlite.exec("COMMIT");

const source = tableSource(table.file, { pollMs: 1000, rescanMs: 24 * 3600_000 });
const db = openForWriting(temporary.path);
const flow = registerFlow(db, { name: "table", root: bytesOfText("/") as AbsPath, destination: "file:/there" });
const clock = systemClock();
const context = { db, flow, settings: tableSettings(source), source, clock, log: silentLog };
const queued = { times: 0 };
const events = {
  queued: () => void queued.times++,
  rootLost: () => undefined,
  rootFound: () => undefined,
  changed: () => undefined,
  broken: (error: unknown): never => {
    throw error;
  },
};

const mib = (): string => (process.memoryUsage().rss / 2 ** 20).toFixed(0);
const seconds = (fromMs: number): string => ((performance.now() - fromMs) / 1000).toFixed(1);
const stalls = monitorEventLoopDelay({ resolution: 5 });
console.log(`${rows} rows; before: ${mib()} MiB`);
{
  await using entrance = new TableEntrance({ ...context, events });
  stalls.enable();
  let begun = performance.now();
  entrance.start();
  while (!entrance.idle) await sleep(20);
  console.log(`read for the first time in ${seconds(begun)} s; longest stall ${(stalls.max / 1e6).toFixed(0)} ms; ${mib()} MiB`);
  stalls.reset();
  begun = performance.now();
  await entrance.watchAnew();
  while (!entrance.idle) await sleep(20);
  console.log(`all compared in ${seconds(begun)} s; longest stall ${(stalls.max / 1e6).toFixed(0)} ms; ${mib()} MiB`);
  begun = performance.now();
  for (let at = 0; at < ROUNDS; at++) archiveFacts(db, flow, 0);
  console.log(`statistics: ${((performance.now() - begun) / ROUNDS).toFixed(3)} ms`);
  for (const at of [0, 1, 2]) {
    await sleep(1500);
    const before = queued.times;
    begun = performance.now();
    table.add({ local_path: `/data/new-${at}`, remote_path: `new-${at}` });
    while (queued.times === before) await sleep(1);
    console.log(`a new row is queued after ${seconds(begun)} s (it is asked every ${source.pollMs / 1000} s)`);
  }
}
{
  await using thread = new TableThread(source);
  await thread.ask({ ask: "poll" });
  const took: number[] = [];
  for (let at = 0; at < ROUNDS; at++) {
    const begun = performance.now();
    await thread.ask({ ask: "poll" });
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  console.log(`a round with nothing to do: median ${took[ROUNDS >> 1]!.toFixed(2)} ms, most ${took.at(-1)!.toFixed(2)} ms`);
}
db[Symbol.dispose]();
