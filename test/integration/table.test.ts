import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ForeignTable, md5 } from "../support/foreign-table.ts";
import { waitUntil } from "../support/waiting.ts";
import { flowFact, isThere } from "./engine-world.ts";
import { isVerified, makeFile, makeTableWorld, Producer, rowsAre } from "./table-world.ts";

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
  expect((await world.hotdir.ask("explain", "row 3")).stdout).toMatch(/^row 3\nflow \S+: no row says which file it is\n/);
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
  expect((await hotdir.ask("check")).stdout).toMatch(
    /is not there; the flow waits until it can be used\n\s*→ start the program that makes it, or correct source\.table\.database/,
  );
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
  }
  {
    // A writer that keeps its lock for longer than anybody should: rows are read and delivered meanwhile, and told later.
    using table = new ForeignTable(world.database);
    table.add({ local_path: makeFile(world, "locked", "locked"), remote_path: "locked", local_md5sum: md5("locked") });
    table.sqlite.exec("BEGIN IMMEDIATE");
    await waitUntil("it is delivered all the same", async () => existsSync(`${world.destination}/locked`), { timeoutMs: 10_000 });
    const locked = await hotdir.waitFor("the lock is shown", ({ flows }) => flows[0]?.state === "waiting");
    expect(locked.flows[0]?.reason).toMatch(/^write table supersync_v0: .* another program holds its lock/);
    expect(await flowFact(world, "table")).toMatchObject({
      owed: 1,
      state: "waiting",
      archive: {
        finalized_until: 1_699_999_999,
        num_files: 2,
        uncopied_files: 1,
        waits_for: { row: 2, path: "locked", state: "delivered" },
      },
      counters: { copies: 2, errors_nonzero: 0, errors_sqlite: expect.any(Number) },
    });
    table.sqlite.exec("ROLLBACK");
    await rowsAre(world, "the row is told", (rows) => rows.every(isVerified));
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
  // Two rows name one file: it goes once both are done, and the second finds it gone.
  const both = makeFile(world, "both", "both");
  for (const remote_path of ["one", "other"])
    table.add({ local_path: both, remote_path, local_md5sum: md5("both"), timestamp: now - 7200 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect([old, young, kept, target].map((file) => existsSync(file!))).toEqual([false, true, true, true]);
  expect(isThere(link)).toBe(false);
  expect(table.rows().map((row) => [isVerified(row), typeof row.removed])).toEqual([
    [true, "number"],
    [true, "object"],
    [true, "object"],
    [true, "number"],
    [true, "number"],
    [true, "number"],
  ]);
  expect(existsSync(both)).toBe(false);
  expect([5, 6].filter((id) => table.row(id).removed === 0).length).toBe(1);
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
  expect(posted.stderr).toContain(`it is in no flow's source (world: table supersync_v0 of ${world.database})`);
});
