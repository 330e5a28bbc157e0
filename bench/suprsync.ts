/**
 * `npm run bench:suprsync`. The agent of SupRsync's database beside `rsync -a`: files of 64 KiB over a real sshd on tmpfs, verified; and what a
 * round costs that has nothing to do, in a table of a million rows that are done.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { SuprsyncAgent } from "../test/support/suprsync-agent.ts";
import { SuprsyncProducer } from "../test/support/suprsync-producer.ts";
import { waitUntil } from "../test/support/waiting.ts";
import { renew } from "./contenders.ts";
import { fillSmall, warm } from "./data-sets.ts";
import { startFarSide } from "./far-side.ts";
import { median, short, table } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { makePlace } from "./places.ts";

const quick = process.argv.includes("--quick");
const FILES = quick ? 500 : 10_000;
const FILE_BYTES = 64 * 1024;
const ROWS = quick ? 20_000 : 1_000_000;
const roundsAt = process.argv.indexOf("--rounds");
const ROUNDS = roundsAt > 0 ? Number(process.argv[roundsAt + 1]) : 3;
const WANTED_RATIO = 1.2;
const WANTED_ROUND_MS = 100;

using place = makePlace("shm");
await using far = await startFarSide(null);
const load = fillSmall(join(place.directory, "data"), FILES, FILE_BYTES);
warm(load.source);
const machine = describeMachine(far, { shm: place.directory });
console.log(
  `${machine.cpu}, ${machine.cores} cores, node ${machine.node}, ${machine.openssh}, load before ${machine.loadBefore.toFixed(2)}`,
);

const agentMs: number[] = [];
const rsyncMs: number[] = [];
/** The same with a second run that reads both sides and compares them: what rsync's users do who want proof. */
const comparedMs: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const copied = renew(join(place.directory, "copied"));
  rsyncMs.push(rsync("-a", copied));
  comparedMs.push(rsyncMs.at(-1)! + rsync("-ac", copied));
  agentMs.push(await agent(renew(join(place.directory, "work")), renew(join(place.directory, "copied"))));
  console.error(
    `round ${round}: rsync -a ${short(rsyncMs.at(-1)! / 1000)} s, with -ac ${short(comparedMs.at(-1)! / 1000)} s, suprsync ${short(agentMs.at(-1)! / 1000)} s`,
  );
}
const ratio = median(agentMs.map((ms, at) => ms / rsyncMs[at]!));
console.log(
  table([
    [`${FILES.toLocaleString("en")} files of 64 KiB`, "seconds", "of rsync -a"],
    ["rsync -a", short(median(rsyncMs) / 1000), "1"],
    ["rsync -a; rsync -ac", short(median(comparedMs) / 1000), short(median(comparedMs.map((ms, at) => ms / rsyncMs[at]!)))],
    ["hotdir suprsync, verified by md5", short(median(agentMs) / 1000), short(ratio)],
    ["wanted", "", `at most ${WANTED_RATIO}`],
  ]),
);
await idleRounds(renew(join(place.directory, "work")));

function rsync(flags: string, destination: string): number {
  const startMs = performance.now();
  execFileSync("rsync", [flags, "-e", `ssh -F ${far.direct}`, `${load.source}/`, `${far.alias}:${destination}/`]);
  return performance.now() - startMs;
}

/** From the start of the process until the table says of every row that it is verified; the rows were registered before, as producers do. */
async function agent(work: string, destination: string): Promise<number> {
  const database = join(work, "suprsync.db");
  await using producer = new SuprsyncProducer(database);
  await producer.create();
  const files = execFileSync("md5sum", ["--", ...paths(load.source)], { encoding: "utf8", maxBuffer: 2 ** 28 })
    .trim()
    .split("\n")
    .map((line) => ({
      local_md5sum: line.slice(0, 32),
      local_path: line.slice(34),
      remote_path: line.slice(34 + load.source.length + 1),
      archive_name: "bench",
    }));
  await producer.add(...files);
  await using running = startAgent(work, database, destination);
  const startMs = performance.now();
  running.start();
  using rows = await openBeside(database);
  const done = rows.prepare("SELECT count(*) AS rows FROM supersync_v0 WHERE remote_md5sum = local_md5sum");
  await waitUntil("all rows are verified", () => Number(done.get()!["rows"]) === files.length, {
    timeoutMs: 600_000,
    everyMs: 25,
    explain: () => running.log().slice(-3000),
  });
  const tookMs = performance.now() - startMs;
  execFileSync("diff", ["-r", "-q", load.source, destination]);
  return tookMs;
}

function startAgent(work: string, database: string, destination: string): SuprsyncAgent {
  return new SuprsyncAgent({
    directory: work,
    name: "bench",
    sshConfigFile: far.direct,
    arguments: {
      "--archive-name": "bench",
      "--remote-basedir": destination,
      "--db-path": database,
      "--ssh-host": far.alias,
      "--suprsync-file-root": join(work, "suprsync"),
      "--instance-id": "bench",
      "--sleep-time": "1",
    },
  });
}

/** Processor time and memory of an agent that looks each second at a table whose rows are all done, while a producer adds one now and then. */
async function idleRounds(work: string): Promise<void> {
  const database = join(work, "suprsync.db");
  await using producer = new SuprsyncProducer(database);
  await producer.create();
  fillDone(database, ROWS);
  await using running = startAgent(work, database, renew(join(place.directory, "copied")));
  running.start();
  const local = join(work, "new.g3");
  writeFileSync(local, "new");
  const [id] = await producer.add({ local_path: local, remote_path: "17000/new.g3", archive_name: "bench" });
  using rows = await openBeside(database);
  const one = rows.prepare("SELECT remote_md5sum FROM supersync_v0 WHERE id = ?");
  const firstMs = performance.now();
  await waitUntil("the first new row is delivered", () => one.get(id!)!["remote_md5sum"] !== null, { timeoutMs: 600_000 });
  const takenMs = performance.now() - firstMs;
  // All rows are known by now, or will be within this time.
  await sleep(quick ? 2000 : 60_000);
  const seconds = quick ? 5 : 30;
  const before = cpuMs(running.pid);
  await sleep(seconds * 1000);
  const perRoundMs = (cpuMs(running.pid) - before) / seconds;
  const latencies: number[] = [];
  for (let at = 0; at < 5; at++) {
    const path = join(work, `late${at}.g3`);
    writeFileSync(path, `late ${at}`);
    const [late] = await producer.add({ local_path: path, remote_path: `17000/late${at}.g3`, archive_name: "bench" });
    const startMs = performance.now();
    await waitUntil("a late row is delivered", () => one.get(late!)!["remote_md5sum"] !== null, { timeoutMs: 60_000, everyMs: 10 });
    latencies.push(performance.now() - startMs);
  }
  console.log(
    table([
      [`a table of ${ROWS.toLocaleString("en")} rows that are done`, "found", "wanted"],
      ["processor time of a round (1 s) with nothing to do", `${short(perRoundMs)} ms`, `under ${WANTED_ROUND_MS} ms`],
      ["a new row, at the first sight of the table", `${short(takenMs / 1000)} s`, ""],
      ["a new row later, median of 5 (looked for each second)", `${short(median(latencies) / 1000)} s`, ""],
      ["resident memory", `${short(residentMiB(running.pid))} MiB`, ""],
      ["load now", short(loadavg()[0] ?? Number.NaN), ""],
    ]),
  );
}

/** Rows as the original leaves them once they are copied and verified. */
function fillDone(database: string, count: number): void {
  using db = new DatabaseSync(database, { timeout: 10_000 });
  const insert = db.prepare(
    `INSERT INTO supersync_v0 (local_path, local_md5sum, archive_name, remote_path, timestamp, remote_md5sum, copied, removed, failed_copy_attempts, deletable, "ignore")
     VALUES (?, ?, 'bench', ?, ?, ?, ?, ?, 0, 1, 0)`,
  );
  db.exec("BEGIN");
  for (let at = 0; at < count; at++) {
    const sum = at.toString(16).padStart(32, "0");
    const time = 1_600_000_000 + at * 10;
    insert.run(`/data/so/${at}.g3`, sum, `${Math.floor(time / 100_000)}/stream/${at}.g3`, time, sum, time + 5, time + 600_000);
  }
  db.exec("COMMIT");
}

async function openBeside(database: string): Promise<DatabaseSync> {
  return new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
}

function paths(directory: string): string[] {
  return execFileSync("find", [directory, "-type", "f"], { encoding: "utf8", maxBuffer: 2 ** 28 })
    .trim()
    .split("\n");
}

/** User and system time of the process and its threads so far. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024;
}
