import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeEndpoint, newestStatus } from "../support/endpoint.ts";
import { waitUntil } from "../support/waiting.ts";
import { writeFiles } from "./engine-world.ts";

const b2sum = (file: string): string => execFileSync("b2sum", [file], { encoding: "utf8" }).replace(/^\\/, "").split(" ")[0]!;

test("a finder moves what comes, verified, gives each file its row in the original's form, and a duplicate goes once its bytes are compared", async () => {
  await using site = await makeEndpoint();
  writeFiles(site.buffer, { "top.fits": "top", "n1/a b'.fits": "a", "n1/x.tmp": "not yet" });
  const finder = site.start("endmgr", "finder", "start", site.finder());
  await site.until("two rows", "SELECT relpath, filename, size_bytes FROM files ORDER BY relpath", [
    [".", "top.fits", 3],
    ["n1", "a b'.fits", 1],
  ]);
  await waitUntil("the buffer empty", () => !existsSync(`${site.buffer}/top.fits`) && !existsSync(`${site.buffer}/n1/a b'.fits`));
  expect(existsSync(`${site.buffer}/n1/x.tmp`)).toBe(true);
  const [row] = site.sql<{ checksum: string; added_on: string }>("SELECT checksum, added_on FROM files WHERE filename = 'top.fits'");
  expect(row).toMatchObject({ checksum: b2sum(`${site.storage}/top.fits`) });
  // As SQLAlchemy reads it: local time with microseconds.
  expect(row?.added_on).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{6}$/);
  expect(Math.abs(new Date(row!.added_on.replace(" ", "T")).getTime() - Date.now())).toBeLessThan(60_000);

  // The same name and bytes elsewhere: it goes. The same name with other bytes, the same bytes under another name: they stay, and are told.
  writeFiles(site.buffer, { "again/top.fits": "top", "other/top.fits": "not top", "twin.fits": "top" });
  await waitUntil("the duplicate gone", () => !existsSync(`${site.buffer}/again/top.fits`), { explain: site.log });
  const state = /--state-dir (\S+?)'/.exec(readFileSync(`${site.path}/log`, "utf8"))![1]!;
  const ask = async (...args: string[]): Promise<string> =>
    (await site.run(args[0]!, "-c", `${state}/hotdir.yaml`, "--state-dir", state, ...args.slice(1))).stdout;
  await waitUntil("two conflicts", async () => (JSON.parse(await ask("dead", "--json")) as unknown[]).length === 2, { explain: site.log });
  expect(await ask("dead")).toMatch(/row \d+ \(\S+\/storage\/top.fits\) has its name, and other content; the file stays in the source/);
  expect(await ask("dead")).toMatch(/has its content, and another name; the file stays in the source/);
  expect(await ask("explain", `${site.buffer}/again/top.fits`)).toMatch(
    /superseded[^]*a duplicate of row \d+[^]*whose bytes were compared; removed/,
  );
  expect(existsSync(`${site.buffer}/other/top.fits`) && existsSync(`${site.buffer}/twin.fits`)).toBe(true);
  expect(site.sql("SELECT count(*) AS n FROM files")).toEqual([{ n: 2 }]);
  expect(await site.end(finder, "SIGTERM")).toBe(0);

  // All that hotdir knew is gone, and a file comes once more to the place that its row names, where it has rotted since.
  rmSync(`${site.path}/state`, { recursive: true });
  writeFiles(site.storage, { "top.fits": "rot" });
  writeFiles(site.buffer, { "top.fits": "top" });
  const anew = site.start("endmgr", "finder", "start", site.finder());
  await waitUntil("it gone again", () => !existsSync(`${site.buffer}/top.fits`), { explain: site.log });
  expect(await site.end(anew, "SIGTERM")).toBe(0);
  expect(readFileSync(`${site.storage}/top.fits`, "utf8")).toBe("top");
  expect(site.sql("SELECT count(*) AS n FROM files")).toEqual([{ n: 2 }]);
});

test("with Noop a duplicate stays, and with Delete so does one whose bytes are not where its row says", async () => {
  await using site = await makeEndpoint();
  writeFiles(site.storage, { "old/a.fits": "rotten" });
  const insert =
    "INSERT INTO files (relpath, filename, checksum, size_bytes, added_on) VALUES ('old', 'a.fits', ?, 1, '2026-01-01 00:00:00.000000')";
  writeFiles(site.path, { a: "a" });
  site.sql(insert, b2sum(`${site.path}/a`));
  writeFiles(site.buffer, { "a.fits": "a" });
  const finder = site.start("endmgr", "finder", "start", site.finder());
  await waitUntil("it told", () => site.log().includes("what is there has other content than the catalog says"), { explain: site.log });
  await site.end(finder, "SIGTERM");
  expect(existsSync(`${site.buffer}/a.fits`)).toBe(true);

  await using other = await makeEndpoint();
  writeFiles(other.storage, { "old/a.fits": "a" });
  other.sql(insert, b2sum(`${other.storage}/old/a.fits`));
  writeFiles(other.buffer, { "a.fits": "a", "b.fits": "b" });
  const noop = other.start("endmgr", "finder", "start", other.finder({ actions: { standard: "Move", alternative: "Noop" } }));
  await other.until("the new one entered", "SELECT filename FROM files ORDER BY id", [["a.fits"], ["b.fits"]]);
  await waitUntil("it told", () => other.log().includes("the file stays in the source"), { explain: other.log });
  await other.end(noop, "SIGTERM");
  expect(existsSync(`${other.buffer}/a.fits`)).toBe(true);
});

test("a finder that only records takes files from rsync's logs once they are complete, and marks a log when all that it names is recorded", async () => {
  await using site = await makeEndpoint();
  const today = new Date();
  const day = `${today.getFullYear()}${String(today.getMonth() + 1).padStart(2, "0")}${String(today.getDate()).padStart(2, "0")}`;
  mkdirSync(`${site.buffer}/${day}/site`, { recursive: true });
  writeFiles(site.storage, { "n1/a.fits": "a", "n1/with space.fits": "b", "n1/c.skip": "c" });
  const log = `${site.buffer}/${day}/site/rsync-1.log`;
  // Its neighbour, which comes first, cannot be read.
  symlinkSync("/no/such", `${site.buffer}/${day}/site/rsync-0.log`);
  const lines = [
    "send <f+++++++++ n1/a.fits",
    "send <f+++++++++ n1/with space.fits",
    "send <f.st...... n1/old.fits",
    "send <f+++++++++ n1/c.skip",
  ];
  writeFileSync(log, `${lines.join("\n")}\nsend <f+++++++++ n1/late.fits 100\n`);
  const search = { method: "parse_rsync_logs", exclude_list: [String.raw`\.skip$`], delay: 1, date: null };
  const finder = site.start("endmgr", "finder", "start", site.finder({ actions: { standard: "Noop", alternative: null }, search }));
  await site.until("two rows", "SELECT relpath, filename FROM files ORDER BY id", [
    ["n1", "a.fits"],
    ["n1", "with space.fits"],
  ]);
  await waitUntil("the missing one told", () => /late\.fits.* is not there/.test(site.log()), { explain: site.log });
  expect(site.log()).toMatch(/rsync-0\.log cannot be read or marked \(ENOENT/);
  expect(existsSync(`${log}.done`)).toBe(false);
  writeFiles(site.storage, { "n1/late.fits": "late" });
  await waitUntil("the log done", () => existsSync(`${log}.done`), { explain: site.log });
  expect(site.sql("SELECT filename FROM files ORDER BY id").map(({ filename }) => filename)).toEqual([
    "a.fits",
    "with space.fits",
    "late.fits",
  ]);
  // A log that grew after it was marked is read again.
  writeFiles(site.storage, { "n2/d.fits": "d" });
  writeFileSync(log, `${lines.join("\n")}\nsend <f+++++++++ n2/d.fits\n`);
  const past = new Date(Date.now() - 5000);
  utimesSync(`${log}.done`, past, past);
  await site.until("the new row", "SELECT filename FROM files WHERE relpath = 'n2'", [["d.fits"]]);
  expect(await site.end(finder, "SIGTERM")).toBe(0);
});

test("a finder that only records enters a file once nobody writes it any more", async () => {
  await using site = await makeEndpoint();
  const writing = openSync(`${site.storage}/a.fits`, "w");
  writeSync(writing, "half");
  writeFiles(site.storage, { "b.fits": "b" });
  const options = { source: site.storage, pause: 0, actions: { standard: "Noop", alternative: null } };
  const finder = site.start("endmgr", "finder", "start", site.finder(options));
  await site.until("its neighbour", "SELECT filename FROM files", [["b.fits"]]);
  writeFiles(site.storage, { "c.fits": "c" });
  await site.until("another round", "SELECT filename FROM files ORDER BY id", [["b.fits"], ["c.fits"]]);
  writeSync(writing, " and whole");
  closeSync(writing);
  await site.until("all of it", "SELECT size_bytes, checksum FROM files WHERE filename = 'a.fits'", [
    [14, b2sum(`${site.storage}/a.fits`)],
  ]);
  expect(await site.end(finder, "SIGTERM")).toBe(0);
});

test("an ingester writes an event for each step, as the original does, ends when nothing is left, and takes RERUN when told", async () => {
  await using site = await makeEndpoint();
  writeFiles(site.storage, { "n1/good.fits": "g", "n1/bad.fits": "b", "n1/empty.fits": "", "n1/odd.txt": "t" });
  for (const [at, name] of ["good.fits", "bad.fits", "empty.fits", "gone.fits", "odd.txt"].entries())
    site.sql("INSERT INTO files VALUES (?, 'n1', ?, ?, 1, '2026-01-01 00:00:00.000000')", at + 1, name, `checksum ${at}`);
  const script = `i=0; for f; do i=$((i+1)); case "$f" in */bad*) printf '{"file": %d, "status": "failure", "message": "no header"}\\n' $i;; esac; done`;
  expect(await site.run("endmgr", "ingester", "start", site.ingester(script, { exclude_list: [String.raw`\.txt$`] }))).toMatchObject({
    status: 0,
  });
  expect(site.sql(newestStatus).map((row) => Object.values(row))).toEqual([
    ["bad.fits", "FAILURE"],
    ["empty.fits", "FAILURE"],
    ["gone.fits", "FAILURE"],
    ["good.fits", "SUCCESS"],
    ["odd.txt", "IGNORED"],
  ]);
  const events = site.sql<{ status: string; duration: string | null; ingest_ver: string; err_message: string }>(
    "SELECT e.* FROM file_events e JOIN files f ON f.id = e.files_id WHERE f.filename = 'good.fits' ORDER BY start_time",
  );
  expect(events.map(({ status }) => status)).toEqual(["UNTRIED", "PENDING", "SUCCESS"]);
  expect(events[2]).toMatchObject({ ingest_ver: "1.2", err_message: "", duration: expect.stringMatching(/^1970-01-01 00:00:0\d\.\d{6}$/) });
  const messages = site.sql(
    "SELECT f.filename, e.err_message FROM file_events e JOIN files f ON f.id = e.files_id WHERE status = 'FAILURE' ORDER BY 1",
  );
  expect(messages.map((row) => Object.values(row))).toEqual([
    ["bad.fits", "no header"],
    ["empty.fits", "file has 0 bytes"],
    ["gone.fits", "no such file in the storage area"],
  ]);

  // As the original's documents tell people to: with a time of SQLite's own, which is UTC and may be later than ours, or earlier.
  for (const ahead of ["+14 hours", "+1 second"])
    site.sql(
      "INSERT INTO file_events (start_time, status, files_id) SELECT datetime('now', ?), 'RERUN', id FROM files WHERE filename = 'bad.fits'",
      ahead,
    );
  expect(await site.run("endmgr", "ingester", "start", site.ingester("exit 0", { file_status: "RERUN" }))).toMatchObject({ status: 0 });
  expect(site.sql(newestStatus)).toContainEqual({ filename: "bad.fits", status: "SUCCESS" });
});

test("what an end of the ingester interrupted is UNKNOWN at the next start, also where another one is at work on the same tables", async () => {
  await using site = await makeEndpoint();
  for (const name of ["a", "b", "c"]) {
    writeFiles(site.storage, { [name]: name });
    site.sql(
      "INSERT INTO files (relpath, filename, checksum, size_bytes, added_on) VALUES ('.', ?, ?, 1, '2026-01-01 00:00:00.000000')",
      name,
      name,
    );
  }
  const waiting = site.ingester(`echo "$@" >> ${site.path}/had; while [ ! -e ${site.path}/go ]; do sleep 0.05; done`, { batch_size: 1 });
  const killed = site.start("endmgr", "ingester", "start", waiting);
  await waitUntil("a file with the command", () => existsSync(`${site.path}/had`), { explain: site.log });
  const working = site.start("endmgr", "ingester", "start", waiting);
  await waitUntil("another with the other", () => readFileSync(`${site.path}/had`, "utf8").split("\n").length === 3, { explain: site.log });
  await site.end(killed, "SIGKILL");
  // It leaves what the one that is alive has, and takes the third.
  const third = site.start("endmgr", "ingester", "start", waiting);
  await site.until(
    "what the dead one had",
    "SELECT status, count(*) FROM file_events WHERE status IN ('PENDING', 'UNKNOWN') GROUP BY status",
    [
      ["PENDING", 3],
      ["UNKNOWN", 1],
    ],
  );
  writeFileSync(`${site.path}/go`, "");
  await waitUntil("both ended", () => working.exitCode !== null && third.exitCode !== null, { explain: site.log });
  expect([working.exitCode, third.exitCode]).toEqual([0, 0]);
  const statuses = (): string[] =>
    site
      .sql<{ status: string }>(newestStatus)
      .map(({ status }) => status)
      .toSorted();
  expect(statuses()).toEqual(["SUCCESS", "SUCCESS", "UNKNOWN"]);
  expect(await site.run("endmgr", "ingester", "start", site.ingester("exit 0", { file_status: "UNKNOWN" }))).toMatchObject({ status: 0 });
  expect(site.sql("SELECT count(*) AS n FROM file_events WHERE status = 'SUCCESS'")).toEqual([{ n: 3 }]);
});

test("the log of each component is written as its configuration says, into its file; a finder's state is where it is told", async () => {
  await using site = await makeEndpoint();
  writeFiles(site.storage, { "a.fits": "a" });
  writeFiles(site.buffer, { "b.fits": "b" });
  const logging = { file: `${site.path}/python.log`, format: "%(levelname)s|%(name)s|%(message)s", level: "INFO", rotate: null };
  const withLog = (file: string): string => {
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), logging }, null, 1));
    return file;
  };
  const finder = site.start("endmgr", "finder", "start", withLog(site.finder()), "--state-dir", "own-state");
  const lines = (): string => (existsSync(logging.file) ? readFileSync(logging.file, "utf8") : "");
  await waitUntil("the delivery told", () => /^INFO\|hotdir.endmgr.finder\|delivered b.fits/m.test(lines()), { explain: lines });
  expect(readFileSync(`/proc/${finder.pid}/comm`, "utf8")).toBe("endmgr\n");
  expect(await site.end(finder, "SIGTERM")).toBe(0);
  expect(existsSync(`${site.path}/own-state/hotdir.yaml`)).toBe(true);
  expect((await site.run("endmgr", "ingester", "start", withLog(site.ingester("exit 7")))).status).toBe(0);
  expect(lines()).toMatch(/^WARNING\|hotdir.endmgr\|.*b.fits: FAILURE: exit 7$/m);
});

test("a backfill enters what globs and directories name, each with its BACKFILL, once, and says what is not there", async () => {
  await using site = await makeEndpoint();
  writeFiles(site.storage, {
    "2020-12-31/a.fits": "a",
    "2020-12-31/deep/b.fits": "b",
    "2021-01-01/c.fits": "c",
    "2022-01-01/d.fits": "d",
    "2020-12-31/x.log": "x",
  });
  const backfill = (sources: string[]): string =>
    site.configure("backfill", { backfill: { storage: site.storage, sources, search: { exclude_list: [String.raw`\.log$`] } } });
  expect(await site.run("endmgr", "backfill", "start", backfill(["202[01]-*"]))).toMatchObject({
    status: 0,
    stdout: "Entered 3 files; 0 files were known already, 0 files could not be entered.\n",
  });
  expect(site.sql(newestStatus).map((row) => Object.values(row))).toEqual([
    ["a.fits", "BACKFILL"],
    ["b.fits", "BACKFILL"],
    ["c.fits", "BACKFILL"],
  ]);
  const again = await site.run("endmgr", "backfill", "start", backfill(["2020-12-31", "2022-01-01/d.fits", "2030-01-01"]));
  expect(again).toMatchObject({ status: 1, stdout: "Entered 1 file; 2 files were known already, 0 files could not be entered.\n" });
  expect(again.stderr).toContain("there is no ");
  // The ingester of new files has nothing to do with them.
  await site.run("endmgr", "ingester", "start", site.ingester("exit 0"));
  expect(new Set(site.sql(newestStatus).map(({ status }) => status))).toEqual(new Set(["BACKFILL"]));
});

test("wrong configurations are refused with one line each that says where, before anything is touched; good ones are said to be so", async () => {
  await using site = await makeEndpoint();
  const refused = async (component: string, file: string): Promise<string> => {
    const { status, stdout, stderr } = await site.run("endmgr", component, "start", file);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n"), stderr).toHaveLength(1);
    return stderr;
  };
  const plugin = { name: "Gen3Ingest", config: { root: "/r" } };
  expect(await refused("ingester", site.ingester("", { plugin }))).toMatch(
    /^ingester.yaml:\d+: ingester.plugin: Gen3Ingest is Python code of an observatory: write name: Command/,
  );
  expect(await refused("ingester", site.ingester("", { exclude_list: ["a{2"], include_list: ["("] }))).toMatch(
    /^ingester.yaml:\d+: ingester.include_list: "\(" is no regular expression/,
  );
  expect(await refused("ingester", site.ingester("", { storage: "/no/such" }))).toMatch(
    /^ingester.yaml:\d+: ingester.storage: there is no directory \/no\/such/,
  );
  expect(await refused("ingester", site.ingester("", { file_status: "SUCCESS" }))).toMatch(
    /^ingester.yaml:\d+: ingester.file_status: unknown value "SUCCESS"/,
  );
  expect(await refused("finder", site.finder({ source: `${site.path}/no` }))).toMatch(
    /^finder.yaml:\d+: finder.source: there is no directory/,
  );
  expect(await refused("backfill", site.configure("b", { backfill: { storage: site.storage, sources: ["../buffer"] } }))).toMatch(
    /^b.yaml:\d+: backfill.sources: ..\/buffer is not in the storage/,
  );
  const other = site.configure("o", { backfill: { storage: site.storage, sources: ["a"] } });
  writeFileSync(other, readFileSync(other, "utf8").replace(site.database, `${site.path}/other.db`));
  expect(await refused("backfill", other)).toMatch(
    /^o.yaml:\d+: database.engine: there is no database \S+other.db; 'hotdir endmgr initdb CONFIG' makes/,
  );
  expect(existsSync(`${site.path}/other.db`)).toBe(false);
  expect((await site.run("endmgr", "initdb", other)).stdout).toContain("other.db has files and file_events");
  expect(await site.run("endmgr", "backfill", "validate", other)).toMatchObject({ status: 0 });

  writeFileSync(`${site.path}/other.db`, "no database at all ".repeat(100));
  expect(await refused("backfill", other)).toMatch(/^o.yaml:\d+: database.tablenames.file: \S+other.db: file is not a database\n$/);
  expect(await site.run("endmgr", "initdb", other)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^hotdir: endmgr initdb: no tables can be made in \S+other.db: file is not a database\n$/),
  });
  writeFileSync(`${site.path}/other.db`, "");
  const foreign = new DatabaseSync(`${site.path}/other.db`);
  foreign.exec("CREATE TABLE files (id)");
  foreign.close();
  expect(await site.run("endmgr", "initdb", other)).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringMatching(/its table files lacks relpath, filename, checksum\n$/),
  });

  expect(await site.run("endmgr", "findr", "start", other)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("did you mean finder?"),
  });
  const printed = await site.run("import", "dbb", site.finder(), site.ingester("exit 0"));
  expect(printed).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/finish:[^]*catalog:[^]*ingest:\n +command: \[\S+ingest.sh\]/),
  });
  expect(await site.run("import", "dbb", site.finder({ actions: { standard: "Noop" } }))).toMatchObject({ status: 2, stdout: "" });
});
