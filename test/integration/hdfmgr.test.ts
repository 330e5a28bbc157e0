import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { hostileNames } from "../support/names.ts";
import { type HandoffWorld, localConfiguration, makeHandoffWorld } from "../support/handoff-world.ts";
import { startSshd } from "../support/sshd.ts";
import { waitUntil } from "../support/waiting.ts";

const blake2b = (content: string): string => createHash("blake2b512").update(content).digest("hex");
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;

/** As the quickstart of the original has it, with another host: that of the test's own ssh configuration. */
const documented = (sshConfig: string): string => `
handoff:
  buffer: {DIR}/buffer
  holding: {DIR}/holding
endpoint:
  buffer: {DIR}/endpoint/buffer
  staging: {DIR}/endpoint/staging
  commands:
    transfer: "scp -F ${sshConfig} -Bpq {file} {user}@{host}:{dest}"
    remote: "ssh -F ${sshConfig} {user}@{host} \\"{command}\\""
  user: USER
  host: cluster
database:
  engine: "sqlite:///handoff.db"
`;

function write(world: HandoffWorld, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(`${world.buffer}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    writeFileSync(`${world.buffer}/${name}`, content);
  }
}

test.concurrent("the documented configuration as it stands: initdb, run, SIGTERM, over a real sshd with scp and ssh", async () => {
  await using sshd = await startSshd();
  await using world = await makeHandoffWorld();
  world.configure(documented(sshd.sshConfigFile).replace("USER", process.env["USER"] ?? "root"));
  const missing = await world.hdfmgr("run");
  expect(missing.status).toBe(2);
  expect(missing.stderr).toMatch(/handoff\.db: .*there is no database; 'hotdir hdfmgr initdb .*config\.yaml' makes it/);
  expect(await world.hdfmgr("initdb")).toMatchObject({ status: 0 });
  // One command for each file takes its time.
  const names = hostileNames.map((name, at) => name(`h${at}`)).filter((name) => /['\n;]/.test(name) && /^[\x01-\x7f]{1,40}$/.test(name));
  write(world, { "a.fits": "one", "2026-11-29/b c;d.fits": "two", ...Object.fromEntries(names.map((name) => [`odd/${name}`, name])) });
  utimesSync(`${world.buffer}/a.fits`, 1_700_000_000, 1_700_000_000.25);
  world.start();
  const all = ["2026-11-29/b c;d.fits", "a.fits", ...names.map((name) => `odd/${name}`)].toSorted();
  await waitUntil("all to be held", () => world.rows("SELECT 1 FROM files WHERE held_on IS NOT NULL").length === all.length, {
    timeoutMs: 45_000,
    explain: () => world.log(),
  });
  const status = await world.ask("status", "--json");
  expect((JSON.parse(status.stdout) as { flows: Array<{ name: string; guarantee: string }> }).flows).toMatchObject([
    { name: "handoff", guarantee: "verified+durable" },
  ]);
  // As the original's documentation finds it to end it, and tells several apart.
  expect(execFileSync("pidof", ["hdfmgr"], { encoding: "utf8" }).trim().split(" ")).toContain(String(world.pid()));
  expect(readFileSync(`/proc/${world.pid()}/cmdline`, "latin1")).toMatch(/^hdfmgr run \/.*config\.yaml\0/);
  expect(await world.end("SIGTERM")).toBe(0);
  expect(world.files(world.holding)).toEqual(all);
  expect(world.files(world.endpoint.buffer)).toEqual(all);
  expect(world.files(world.endpoint.staging)).toEqual([]);
  expect(world.log()).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}:hotdir\.hdfmgr:INFO:hdfmgr .* runs; 'hotdir status -c .* tells how it stands$/m,
  );

  // As a reader that knows nothing of us has them.
  const [file] = world.rows("SELECT * FROM files WHERE filename = 'a.fits'");
  expect(file).toMatchObject({
    relpath: "",
    checksum: blake2b("one"),
    size_bytes: 3,
    created_on: "2023-11-14 16:13:20.250000",
    deleted_on: null,
  });
  const joined = world.rows(
    "SELECT f.relpath, f.filename, b.* FROM files f JOIN file_transfer_attempts a ON a.files_id = f.id JOIN transfer_batches b ON b.id = a.batch_id ORDER BY b.id",
  );
  expect(joined).toHaveLength(all.length);
  for (const row of joined) {
    for (const key of ["pre_start_time", "trans_start_time", "post_start_time"]) expect(row[key]).toMatch(TIME);
    for (const key of ["pre_duration", "trans_duration", "post_duration"]) expect(row[key]).toMatch(/^1970-01-01 00:00:\d\d\.\d{6}$/);
    expect(row).toMatchObject({ status: 0, err_msg: "" });
    expect(typeof row["rate_mbytes_per_sec"]).toBe("number");
  }
}, 90_000);

test.concurrent("an attempt that fails is a row with its status and words, and the file is tried again until it arrives", async () => {
  await using world = await makeHandoffWorld();
  const tool = `${world.directory}/tool`;
  writeFileSync(tool, `#!/bin/sh\n[ -e ${world.directory}/go ] || { echo no route to the archive >&2; exit 7; }\ncp -p "$1" "$2"\n`);
  chmodSync(tool, 0o755);
  world.configure(localConfiguration(`${tool} {file} {dest}`));
  await world.hdfmgr("initdb");
  write(world, { "x/a": "content" });
  world.start();
  const failures = (): number => world.rows("SELECT 1 FROM transfer_batches WHERE status = 121").length;
  await waitUntil("two failed attempts", () => failures() >= 2, { explain: () => world.log() });
  expect(world.rows("SELECT relpath, filename, checksum, held_on FROM files")).toEqual([
    { relpath: "x", filename: "a", checksum: blake2b("content"), held_on: null },
  ]);
  expect(world.rows("SELECT err_msg FROM transfer_batches LIMIT 1")[0]!["err_msg"]).toMatch(/tool: exit 7: no route to the archive$/);
  writeFileSync(`${world.directory}/go`, "");
  await waitUntil("it to be held", () => world.rows("SELECT 1 FROM files WHERE held_on IS NOT NULL").length === 1, {
    explain: () => world.log(),
  });
  expect(await world.end("SIGTERM")).toBe(0);
  expect(world.rows("SELECT status FROM transfer_batches ORDER BY id DESC LIMIT 1")).toEqual([{ status: 0 }]);
  expect(world.rows("SELECT count(DISTINCT files_id) AS files, count(*) AS attempts FROM file_transfer_attempts")).toEqual([
    { files: 1, attempts: failures() + 1 },
  ]);
}, 60_000);

test.concurrent("of a batch that came in part each file has an attempt that tells the truth of it", async () => {
  await using world = await makeHandoffWorld();
  const tool = `${world.directory}/tool`;
  writeFileSync(
    tool,
    `#!/bin/sh\nfor to; do :; done\nfor f; do case $f in $to) ;; *bad) echo bad is bad >&2; bad=1 ;; *) cp -p "$f" "$to" ;; esac; done\nexit $bad\n`,
  );
  chmodSync(tool, 0o755);
  world.configure(localConfiguration(`${tool} {batch} {dest}`));
  await world.hdfmgr("initdb");
  mkdirSync(`${world.endpoint.buffer}/x`);
  writeFileSync(`${world.endpoint.buffer}/x/here`, "there already");
  writeFileSync(`${world.endpoint.buffer}/x/taken`, "somebody's");
  write(world, { "x/one": "1", "x/two": "22", "x/bad": "333", "x/here": "there already", "x/taken": "ours" });
  world.start();
  const attempts = `SELECT f.filename AS name, b.status AS status, count(*) AS n FROM files f JOIN file_transfer_attempts a ON a.files_id = f.id
    JOIN transfer_batches b ON b.id = a.batch_id`;
  await waitUntil(
    "all to be told",
    () =>
      world.rows("SELECT 1 FROM files WHERE held_on IS NOT NULL").length === 3 &&
      ["bad", "taken"].every((name) => world.rows(`${attempts} WHERE name = '${name}' GROUP BY 1, 2`).length > 0),
    { explain: () => world.log(), timeoutMs: 30_000 },
  );
  expect(await world.end("SIGTERM")).toBe(0);
  expect(world.rows(`${attempts} WHERE status = 0 GROUP BY 1, 2 ORDER BY 1`)).toEqual([
    { name: "here", status: 0, n: 1 },
    { name: "one", status: 0, n: 1 },
    { name: "two", status: 0, n: 1 },
  ]);
  expect(world.rows(`${attempts} WHERE status <> 0 GROUP BY 1, 2 ORDER BY 1`)).toMatchObject([
    { name: "bad", status: 121 },
    { name: "taken", status: 121 },
  ]);
  const sums =
    "SELECT b.size_bytes AS told, sum(f.size_bytes) AS real FROM transfer_batches b JOIN file_transfer_attempts a ON a.batch_id = b.id JOIN files f ON f.id = a.files_id GROUP BY b.id";
  expect(world.rows(`SELECT * FROM (${sums}) WHERE told <> real`)).toEqual([]);
  expect(
    world.rows("SELECT err_msg, rate_mbytes_per_sec AS rate FROM transfer_batches WHERE status = 0 AND trans_start_time IS NULL"),
  ).toEqual([{ err_msg: "it was there already with this content, and no command was run", rate: null }]);
  expect(world.rows("SELECT err_msg FROM transfer_batches WHERE status = 121 AND trans_start_time IS NULL LIMIT 1")[0]!["err_msg"]).toMatch(
    /taken.*that this flow did not put there/,
  );
}, 60_000);

test.concurrent("a database that another process has locked is waited for, shown, and written once", async () => {
  await using world = await makeHandoffWorld();
  world.configure(localConfiguration("cp -p {batch} {dest}"));
  await world.hdfmgr("initdb");
  const other = new DatabaseSync(world.database);
  other.exec("BEGIN EXCLUSIVE");
  write(world, { a: "a", b: "b" });
  world.start();
  await waitUntil("both to be held", () => world.files(world.holding).length === 2, { explain: () => world.log() });
  const notice = await waitUntil("the status to tell", async () => {
    const { flows } = JSON.parse((await world.ask("status", "--json")).stdout) as { flows: Array<{ notice: string | null }> };
    return flows[0]!.notice;
  });
  expect(notice).toMatch(
    /the journal .*handoff\.db cannot be written now: another process has locked it; what it is owed \(\d entr(?:y|ies)\) waits in the ledger/,
  );
  expect(await world.end("SIGTERM")).toBe(0);
  other.exec("COMMIT");
  other.close();
  expect(world.rows("SELECT * FROM files")).toEqual([]);
  world.start("--until-idle");
  expect(await world.ended(), world.log()).toBe(0);
  expect(world.rows("SELECT filename FROM files WHERE held_on IS NOT NULL ORDER BY 1")).toEqual([{ filename: "a" }, { filename: "b" }]);
  expect(world.rows("SELECT count(*) AS n FROM file_transfer_attempts")).toEqual([{ n: 2 }]);
}, 60_000);

test.concurrent("every setting of the example configuration has its effect: exclusion, batches, log file and rotation", async () => {
  await using world = await makeHandoffWorld();
  const more = `general: {chunk_size: 3, timeout: 30, num_threads: 2, expiration_time: 1, pause: 1, exclude_list: ['\\.temp', '^skip/']}
logging: {format: '%(levelname)-8s|%(name)s|%(message)s', file: "{DIR}/manager.log", level: DEBUG, rotate: SIZE, maxbytes: 500, backup_count: 2}
`;
  world.configure(
    localConfiguration("cp -p {batch} {dest}", more).replace("database: {", "database: {echo: false, pool_type: QueuePool, "),
  );
  await world.hdfmgr("initdb");
  write(world, { "d/1": "1", "d/2": "2", "d/3": "3", "d/4": "4", "a.temp": "", "skip/a": "" });
  world.start("--until-idle");
  expect(await world.ended(), world.log()).toBe(0);
  expect(world.files(world.buffer)).toEqual(["a.temp", "skip/a"]);
  expect(world.files(world.endpoint.buffer)).toEqual(["d/1", "d/2", "d/3", "d/4"]);
  expect(world.rows("SELECT count(*) AS files FROM file_transfer_attempts GROUP BY batch_id ORDER BY 1")).toEqual([
    { files: 1 },
    { files: 3 },
  ]);
  const logs = readdirSync(world.directory).filter((name) => name.startsWith("manager.log"));
  expect(logs.toSorted()).toEqual(["manager.log", "manager.log.1", "manager.log.2"]);
  for (const name of logs) expect(statSync(`${world.directory}/${name}`).size).toBeLessThanOrEqual(500);
  const lines = logs.flatMap((name) => readFileSync(`${world.directory}/${name}`, "utf8").trim().split("\n"));
  expect(lines.filter((line) => !/^(DEBUG {3}|INFO {4}|WARNING )\|hotdir\.hdfmgr(\.handoff)?\|/.test(line))).toEqual([]);
  expect(world.log().trim()).toBe("");
}, 60_000);

test.concurrent("what import prints runs by 'hotdir run', and dropdb leaves no table", async () => {
  await using world = await makeHandoffWorld();
  world.configure(localConfiguration("cp -p {file} {dest}"));
  await world.hdfmgr("initdb");
  mkdirSync(`${world.directory}/state/hdfmgr/x`, { recursive: true });
  const output = `${world.directory}/native.yaml`;
  expect((await world.ask("import", "dbb", world.config, "--output", output)).status).toBe(0);
  write(world, { a: "a" });
  const state = `${world.directory}/own-state`;
  const check = await world.ask("check", "-c", output, "--state-dir", state);
  expect(check.stdout).toMatch(
    /ok +the remote command answers\n(.*\n)* +ok +files are read back by blake2b .*\n +ok +the journal .*handoff\.db has its tables/,
  );
  expect((await world.ask("run", "-c", output, "--state-dir", state, "--until-idle")).status).toBe(0);
  expect(world.files(world.holding)).toEqual(["a"]);
  expect((await world.ask("explain", "-c", output, "--state-dir", state, `${world.buffer}/a`)).stdout).toMatch(
    /command 1 .*1 file, 1 B, prepared in .*status 0/,
  );
  expect((await world.hdfmgr("dropdb")).status).toBe(0);
  expect(world.rows("SELECT name FROM sqlite_schema")).toEqual([]);
}, 60_000);

test.concurrent.each<[string, (good: string) => string, RegExp]>([
  ["a missing key", (good) => good.replace(', holding: "{DIR}/holding"', ""), /config\.yaml:2: handoff: the key "holding" is missing$/m],
  [
    "an unknown parameter",
    (good) => good.replace("cp -p", "cp {usr}"),
    /config\.yaml:\d+: endpoint\.commands\.transfer: the parameter \{usr\} is used and not defined; did you mean "\{user\}"\?$/m,
  ],
  [
    "a directory that is not there",
    (good) => good.replace("{DIR}/buffer", "{DIR}/none"),
    /config\.yaml:2: handoff\.buffer: .*\/none is no directory on this machine$/m,
  ],
  ["no database", (good) => good.replace(/^database.*\n/, ""), /config\.yaml:1: the section "database" is missing$/m],
])("a wrong configuration is refused with one line that says where and what: %s", async (_, change, words) => {
  await using world = await makeHandoffWorld();
  world.configure(change(localConfiguration("cp -p {file} {dest}")));
  for (const verb of ["validate", "run"]) {
    const outcome = await world.hdfmgr(verb);
    expect(outcome, outcome.stderr).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toMatch(words);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
  }
});
