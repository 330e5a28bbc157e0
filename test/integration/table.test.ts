import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type ForeignRow, ForeignTable, md5 } from "../support/foreign-table.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";
import { configure, flowFact, isThere } from "./engine-world.ts";

/** A program that knows nothing of hotdir and writes rows as the original does; orders in, answers out. */
class Producer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(database: string) {
    const program = fileURLToPath(new URL("../programs/suprsync-producer.py", import.meta.url));
    this.#child = spawn("python3", [program, database], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async ask(order: object): Promise<Record<string, unknown>> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the producer ended");
    return JSON.parse(value) as Record<string, unknown>;
  }

  async rows(): Promise<ForeignRow[]> {
    return (await this.ask({ do: "rows" }))["rows"] as ForeignRow[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) await new Promise((resolve) => this.#child.once("exit", resolve));
  }
}

type TableWorld = World & { database: string };

async function makeTableWorld(options: WorldOptions & { table?: object } = {}): Promise<TableWorld> {
  const world = await makeWorld(options);
  const database = `${world.directory}/suprsync.db`;
  configure(world, (flow) => ({
    world: {
      ...flow,
      source: { table: { database, where: { archive_name: "data" }, poll: "100ms", ...options.table }, rescan: "2s" },
      destination: { ...flow.destination, verify: "md5" },
      retry: { attempts: 3, backoff: "100ms..200ms" },
      ...(options.flow?.retain === undefined ? {} : { retain: options.flow.retain }),
    },
  }));
  return Object.assign(world, { database });
}

function makeFile(world: World, name: string, content: string): string {
  const path = `${world.directory}/made/${name}`;
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function rowsAre(world: TableWorld, what: string, wanted: (rows: ForeignRow[]) => boolean): Promise<ForeignRow[]> {
  using table = new ForeignTable(world.database);
  let rows: ForeignRow[] = [];
  return await waitUntil(what, async () => (wanted((rows = table.rows())) ? rows : null), {
    timeoutMs: 20_000,
    everyMs: 100,
    explain: () => `${JSON.stringify(rows)}\n${world.hotdir.log()}`,
  });
}

const isVerified = (row: ForeignRow): boolean => row.remote_md5sum === row.local_md5sum;

test("files that another program registers arrive over ssh, and their rows say what was read back", async () => {
  await using world = await makeTableWorld();
  await using producer = new Producer(world.database);
  await producer.ask({ do: "create" });
  const strange = "a 'quoted'; name\nof two lines, and ünicode";
  const files = ["plain", strange, "deep/er/file"].map((name) => ({
    local_path: makeFile(world, name, `content of ${name}`),
    remote_path: `17000/there/${name}`,
    archive_name: "data",
  }));
  const linked = `${world.directory}/link`;
  symlinkSync(files[0]!.local_path, linked);
  files.push({ local_path: linked, remote_path: "17000/linked", archive_name: "data" });
  await producer.ask({ do: "add", files });
  await producer.ask({ do: "add", files: [{ ...files[0], remote_path: "elsewhere", archive_name: "other" }] });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const rows = await producer.rows();
  expect(rows.map((row) => [isVerified(row), typeof row.copied, row.failed_copy_attempts, row.removed])).toEqual([
    ...files.map(() => [true, "number", 0, null]),
    [false, "object", 0, null],
  ]);
  expect(readFileSync(`${world.destination}/17000/there/${strange}`, "utf8")).toBe(`content of ${strange}`);
  expect(readFileSync(`${world.destination}/17000/linked`, "utf8")).toBe("content of plain");
  expect(isThere(`${world.destination}/elsewhere`)).toBe(false);

  const explained = await world.hotdir.ask("explain", files[0]!.local_path);
  expect(explained.stdout).toContain("17000/there/plain");
  expect(explained.stdout).toMatch(/row 1 of supersync_v0: registered .* verified, copied/);
  const told = (await flowFact(world, "table")) as { archive: object; owed: number };
  expect(told).toMatchObject({ owed: 0, archive: { num_files: 4, uncopied_files: 0, waits_for: null } });
});

test("a file that changed after its registration, or is missing, is told with what to do, and blocks nobody", async () => {
  await using world = await makeTableWorld({ destination: "file" });
  using table = new ForeignTable(world.database);
  const grown = makeFile(world, "grown", "as it was registered, and more");
  const good = makeFile(world, "good", "good");
  table.add({ local_path: grown, remote_path: "grown", local_md5sum: md5("as it was registered") });
  table.add({ local_path: `${world.directory}/nowhere`, remote_path: "missing" });
  table.add({ local_path: "relative", remote_path: "relative" });
  table.add({ local_path: good, remote_path: "../out" });
  table.add({ local_path: good, remote_path: "good", local_md5sum: md5("good").toUpperCase() });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  const rows = table.rows();
  expect(rows.map(isVerified)).toEqual([false, false, false, false, true]);
  expect(rows.map(({ failed_copy_attempts }) => failed_copy_attempts)).toEqual([3, 3, 0, 0, 0]);
  const dead = await world.hotdir.dead();
  expect(Object.fromEntries(dead.map(({ path, code }) => [path, code]))).toEqual({
    grown: "source-differs",
    missing: "source-gone",
    "row 3": "row-unusable",
    "row 4": "row-unusable",
  });
  expect(dead.find(({ path }) => path === "grown")?.reason).toMatch(
    /row 1 registered it: register it anew .* or set the row to be ignored/,
  );
  expect(dead.find(({ path }) => path === "row 4")?.reason).toContain("leads out of the destination");
  expect(isThere(`${world.directory}/out`)).toBe(false);

  // Somebody does what he was told.
  table.set(1, { local_md5sum: md5("as it was registered, and more"), failed_copy_attempts: 0 });
  writeFileSync(`${world.directory}/nowhere`, "here now");
  table.set(2, { local_md5sum: md5("here now") });
  table.set(3, { ignore: 1 });
  table.set(4, { remote_path: "inside", local_md5sum: md5("good") });
  expect((await world.hotdir.ask("retry", "missing")).status).toBe(0);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(table.rows().map((row) => [isVerified(row), row.ignore, row.failed_copy_attempts])).toEqual([
    [true, 0, 0],
    [true, 0, 0],
    [false, 1, 0],
    [true, 0, 0],
    [true, 0, 0],
  ]);
});

test("a database that is not there, is locked, is no database, or is replaced is waited for, and that is shown", async () => {
  await using world = await makeTableWorld({ destination: "file" });
  const { hotdir } = world;
  hotdir.start();
  const waiting = await hotdir.waitFor("it waits", ({ flows }) => flows[0]?.state === "waiting");
  expect(waiting.flows[0]?.reason).toContain("is not there");
  expect((await hotdir.ask("check")).stdout).toContain("is not there; the flow waits until it can be used");
  writeFileSync(
    world.database,
    "this is text, and long enough to be taken for the header of a database, were it one, which it is not at all",
  );
  await hotdir.waitFor("it says so", ({ flows }) => flows[0]?.reason?.includes("it is no SQLite database") === true);
  rmSync(world.database);
  const file = makeFile(world, "a", "a");
  {
    await using producer = new Producer(world.database);
    await producer.ask({ do: "create" });
    await producer.ask({ do: "add", files: [{ local_path: file, remote_path: "a", archive_name: "data" }] });
    await rowsAre(world, "the row is told", (rows) => rows.every(isVerified));
    expect((await hotdir.status()).flows[0]?.state).toBe("running");
    // A writer that keeps its lock for longer than anybody should.
    const lock = producer.ask({ do: "lock", seconds: 5 });
    expect(await lock).toEqual({ locked: true });
  }
  // Another database takes its place, with the same keys and other rows.
  const other = `${world.directory}/other.db`;
  const second = makeFile(world, "b", "b");
  {
    using table = new ForeignTable(other);
    table.add({ local_path: second, remote_path: "b", local_md5sum: md5("b") });
    table.sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
  }
  for (const suffix of ["-wal", "-shm"]) rmSync(`${world.database}${suffix}`, { force: true });
  renameSync(other, world.database);
  await rowsAre(world, "the other row is told", (rows) => rows.length === 1 && rows.every(isVerified));
  expect(readFileSync(`${world.destination}/b`, "utf8")).toBe("b");
});

test("delivered files go so long after their registration, only where their rows let them, and a link never takes its target along", async () => {
  await using world = await makeTableWorld({ destination: "file", flow: { retain: { delete_after: "1h" } } });
  using table = new ForeignTable(world.database);
  const now = Date.now() / 1000;
  const [old, young, kept, target] = ["old", "young", "kept", "target"].map((name) => makeFile(world, name, name));
  const link = `${world.directory}/a-link`;
  symlinkSync(target!, link);
  table.add({ local_path: old!, remote_path: "old", local_md5sum: md5("old"), timestamp: now - 7200 });
  table.add({ local_path: young!, remote_path: "young", local_md5sum: md5("young"), timestamp: now });
  table.add({ local_path: kept!, remote_path: "kept", local_md5sum: md5("kept"), timestamp: now - 7200, deletable: 0 });
  table.add({ local_path: link, remote_path: "link", local_md5sum: md5("target"), timestamp: now - 7200 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect([old, young, kept, target].map((file) => existsSync(file!))).toEqual([false, true, true, true]);
  expect(isThere(link)).toBe(false);
  expect(table.rows().map((row) => [isVerified(row), typeof row.removed])).toEqual([
    [true, "number"],
    [true, "object"],
    [true, "object"],
    [true, "number"],
  ]);
  expect(Number(table.row(1).removed)).toBeGreaterThan(now - 1);
});

test("what another program verified is proved by us before its file goes", async () => {
  await using world = await makeTableWorld({ destination: "file", flow: { retain: { delete_after: "0s" } } });
  using table = new ForeignTable(world.database);
  const [true_, false_] = ["true", "false"].map((name) => makeFile(world, name, name));
  writeFileSync(`${world.destination}/true`, "true");
  for (const [file, name] of [
    [true_!, "true"],
    [false_!, "false"],
  ] as const)
    table.add({ local_path: file, remote_path: name, local_md5sum: md5(name), remote_md5sum: md5(name), copied: 5 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect([true_, false_].map((file) => existsSync(file!))).toEqual([false, false]);
  expect(readFileSync(`${world.destination}/false`, "utf8")).toBe("false");
  expect(table.rows().map(({ copied }) => copied)).toEqual([5, 5]);
});

test("nothing can be posted to such a flow", async () => {
  await using world = await makeTableWorld({ destination: "file" });
  using table = new ForeignTable(world.database);
  expect(table.rows()).toEqual([]);
  const file = makeFile(world, "a", "a");
  const posted = await world.hotdir.ask("post", "-f", "world", file);
  expect(posted.status).toBe(1);
});

/** Another agent on the same database: it verifies rows of its own archive, and some of ours, as it sees them. */
async function otherAgent(database: string, until: () => boolean): Promise<void> {
  using table = new ForeignTable(database);
  for (let turn = 0; !until(); turn++) {
    for (const row of table.rows())
      if (row.archive_name === "other" && row.remote_md5sum === null) table.set(row.id, { remote_md5sum: row.local_md5sum, copied: 1 });
    // And somebody sweeps: nobody's retries are lost to that.
    table.sqlite.exec("UPDATE supersync_v0 SET failed_copy_attempts = 0 WHERE archive_name = 'other'");
    await sleep(15);
  }
}

test("a writer, another agent and kills on one database lose nothing, and count no attempt twice", { timeout: 60_000 }, async () => {
  const random = new Random(chooseSeed("a table with others"));
  await using world = await makeTableWorld();
  const { hotdir, database } = world;
  await using producer = new Producer(database);
  await producer.ask({ do: "create" });
  const untilMs = performance.now() + bySize({ everyday: 6000, ci: 8000, long: 60_000 });
  const agent = otherAgent(database, () => performance.now() > untilMs);
  hotdir.start();
  let serial = 0;
  const failing: number[] = [];
  while (performance.now() < untilMs) {
    const files = Array.from({ length: random.between(1, 20) }, () => {
      const name = `f${++serial}`;
      const archive_name = random.chance(0.3) ? "other" : "data";
      return { local_path: makeFile(world, name, `content ${serial}`), remote_path: `17000/${name}`, archive_name };
    });
    const { ids } = (await producer.ask({ do: "add", files })) as { ids: number[] };
    const wrong = ids[0]!;
    if (files[0]!.archive_name === "data" && random.chance(0.3)) {
      failing.push(wrong);
      await producer.ask({ do: "set", id: wrong, values: { local_md5sum: "0".repeat(32) } });
    }
    await sleep(random.between(1, 100));
    if (!random.chance(0.06)) continue;
    await hotdir.killHard();
    hotdir.start();
  }
  await agent;
  await hotdir.killHard();
  expect(await hotdir.runUntilIdle(), hotdir.log()).toBe(failing.length > 0 ? 3 : 0);
  const rows = await producer.rows();
  expect(rows.length).toBe(serial);
  const ours = rows.filter(({ archive_name }) => archive_name === "data");
  // It may have been delivered before its sum was made wrong; then it failed after that.
  const isWrong = (row: ForeignRow): boolean => row.local_md5sum === "0".repeat(32);
  expect(ours.filter((row) => isVerified(row) === isWrong(row))).toEqual([]);
  expect(ours.filter((row) => row.failed_copy_attempts !== (isWrong(row) ? 3 : 0))).toEqual([]);
  const there = (row: ForeignRow): string => md5(readFileSync(`${world.destination}/${row.remote_path}`));
  expect(ours.filter((row) => !isWrong(row) && there(row) !== row.remote_md5sum)).toEqual([]);
  expect(rows.filter((row) => row.archive_name === "other" && isThere(`${world.destination}/${row.remote_path}`))).toEqual([]);
});
