import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeSuprsyncUser, type SuprsyncUser } from "../support/suprsync-user.ts";
import { waitUntil } from "../support/waiting.ts";

/** The tools of SupRsync on a real database, beside a producer in Python that knows nothing of hotdir. */

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

function age(file: string, seconds: number): void {
  const at = Date.now() / 1000 - seconds;
  utimesSync(file, at, at);
}

test("check shows every row of a file with what it means; the words are those that the original's users know", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const file = user.write("16750/it's.g3", "content");
  const common = { local_path: file, remote_path: "16750/it's.g3" };
  await user.producer.add(
    { ...common, archive_name: "smurf", timestamp: 1_686_152_766.5 },
    { ...common, archive_name: "copy", remote_md5sum: md5("content"), copied: 1_686_152_770 },
    { ...common, archive_name: "bad", failed_copy_attempts: 3 },
    { ...common, archive_name: "left", ignore: true },
    { ...common, archive_name: "gone", remote_md5sum: md5("content"), removed: 0 },
  );
  const { status, stdout } = await user.run("check", file);
  expect(status).toBe(0);
  expect(stdout).toContain(
    `SupRsyncFile:\n    id: 1\n    local_path: ${file}\n    local_md5sum: ${md5("content")}\n    archive_name: smurf\n`,
  );
  expect(stdout).toContain("    timestamp: 1686152766.5 (2023-06-07T15:46:06.500Z)\n    remote_md5sum: None\n");
  expect(stdout.match(/-> .*/g)).toEqual([
    "-> to be copied; on this machine it has 7 B",
    "-> verified at the destination; on this machine it has 7 B",
    "-> to be copied, unless the agent has given it up: 3 attempts failed; on this machine it has 7 B",
    "-> ignored: it is not copied; on this machine it has 7 B",
    "-> it was gone from this machine when it was to be removed; on this machine it has 7 B",
  ]);
  expect(JSON.parse((await user.run("check", "data/16750/it's.g3", "--json")).stdout)).toEqual(await user.producer.rows());
  expect((await user.run("check", "elsewhere")).stdout).toBe(`${user.path}/elsewhere is not in ${user.database}\n`);
});

test("next and list tell what an agent would copy, and nothing of what is done, ignored, removed or another archive's", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const row = (name: string, more: object = {}): Parameters<SuprsyncUser["producer"]["add"]>[0] => ({
    local_path: `/data/${name}`,
    remote_path: name,
    local_md5sum: md5(name),
    archive_name: "smurf",
    ...more,
  });
  expect((await user.run("list", "smurf")).stdout).toBe("No files left to be copied\n");
  expect((await user.run("next", "smurf")).stdout).toBe("No more files left to be copied\n");
  expect((await user.run("list", "smurf", "--json")).stdout).toBe("[]\n");
  await user.producer.add(
    row("done", { remote_md5sum: md5("done") }),
    row("ignored", { ignore: true }),
    row("removed", { removed: 1 }),
    row("other", { archive_name: "timestreams" }),
    row("differs", { remote_md5sum: md5("other") }),
    row("two\nlines"),
  );
  expect((await user.run("list", "smurf")).stdout).toBe("0: /data/differs\n1: /data/two\\nlines\n");
  expect(JSON.parse((await user.run("list", "smurf", "--json")).stdout)).toEqual((await user.producer.rows()).slice(4));
  expect((await user.run("next", "smurf")).stdout).toContain("local_path: /data/differs\n");
  expect(JSON.parse((await user.run("next", "smurf", "--json")).stdout)).toMatchObject({ id: 5 });
});

test("add writes what the original's producers write: the same row, and the timecode directory once", async () => {
  await using user = await makeSuprsyncUser();
  const file = user.write("a b.g3", "content");
  expect(await user.run("add", file, "16750/x/a b.g3", "smurf", "--db", `${user.path}/new.db`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("there is no such file; --create-db makes what is missing") as string,
  });
  await user.producer.create();
  await user.producer.add({ local_path: file, remote_path: "16750/x/a b.g3", archive_name: "smurf", timestamp: 5 });
  const added = await user.run("add", "data/a b.g3", "16750/x/a b.g3", "smurf", "--timestamp", "5");
  expect(added).toMatchObject({
    status: 0,
    stdout: `Added ${file} to smurf as row 2 (MD5 ${md5("content")}); it goes to 16750/x/a b.g3\n`,
  });
  const [theirs, ours] = await user.producer.rows();
  expect(ours).toEqual({ ...theirs, id: 2 });
  expect(await user.producer.timecodes()).toMatchObject([{ timecode: 16750, archive_name: "smurf", completed: 0, finalized: 0 }]);
  const kept = await user.run("add", file, "y", "smurf", "--keep", "--md5", "A".repeat(32), "--json");
  expect(JSON.parse(kept.stdout)).toEqual({
    id: 3,
    local_path: file,
    local_md5sum: "a".repeat(32),
    archive_name: "smurf",
    remote_path: "y",
  });
  expect((await user.producer.rows())[2]).toMatchObject({ deletable: 0, local_md5sum: "a".repeat(32) });
});

test("add-local-files registers what is new and at rest, passes over what it cannot, and tells of both", async () => {
  await using user = await makeSuprsyncUser();
  for (const [name, seconds] of [
    ["16750/a.g3", 100],
    ["16750/sub/b.g3", 100],
    ["young.g3", 1],
  ] as const)
    age(user.write(name, name), seconds);
  symlinkSync("16750/a.g3", `${user.path}/data/link.g3`);
  symlinkSync("16750", `${user.path}/data/directory`);
  symlinkSync("nowhere", `${user.path}/data/dangling`);
  writeFileSync(Buffer.concat([Buffer.from(`${user.path}/data/`), Buffer.from([0xff])]), "x");
  const dry = await user.run("add-local-files", "data", "smurf", "--create-db", "--dry");
  expect(dry.stdout.split("\n").slice(0, 3)).toEqual(["Dry run", "-".repeat(40), "Would add files, including:"]);
  expect(dry.stdout).toContain(`${user.path}/data/16750/a.g3 --> 16750/a.g3\n`);
  expect(dry.stdout).toContain("Would add 3 files (0 known already, 1 changed a moment ago, 2 passed over)\n");
  expect((await user.run("list", "smurf")).stderr).toContain("it has no table supersync_v0 and timecode_dirs_v0");
  const missing = `${user.path}/missing.db`;
  expect((await user.run("add-local-files", "data", "smurf", "--create-db", "--dry", "--db", missing)).stdout).toContain(
    "Would add 3 files",
  );
  expect(existsSync(missing)).toBe(false);

  const first = await user.run("add-local-files", "data", "smurf", "--create-db");
  expect(first.status).toBe(1);
  expect(first.stdout).toBe(
    `Added 3 files (34 B) of ${user.path}/data to smurf in ${user.database} (0 known already, 1 changed a moment ago, 2 passed over)\n`,
  );
  expect(first.stderr).toContain(`${user.path}/data/dangling is passed over: it is gone, or a link to nothing\n`);
  expect(first.stderr).toContain("is passed over: its name is not UTF-8, and the table holds text: rename it\n");
  const rows = await user.producer.rows();
  expect(rows.map(({ remote_path }) => remote_path).toSorted()).toEqual(["16750/a.g3", "16750/sub/b.g3", "link.g3"]);
  expect(rows.every(({ local_md5sum }) => [md5("16750/a.g3"), md5("16750/sub/b.g3")].includes(local_md5sum))).toBe(true);
  expect(await user.producer.timecodes()).toMatchObject([{ timecode: 16750, archive_name: "smurf" }]);

  const again = await user.run("add-local-files", "data", "smurf", "--last-edit", "0", "--json");
  expect(JSON.parse(again.stdout)).toEqual({
    files: [{ local_path: `${user.path}/data/young.g3`, remote_path: "young.g3" }],
    added: 1,
    bytes: 8,
    known: 3,
    young: 0,
    skipped: 2,
    dry: false,
  });
});

test("several that add the same tree at once, beside a producer, register each file once", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  mkdirSync(`${user.path}/data/16750`);
  for (let at = 0; at < 400; at++) age(user.write(`16750/${at}.g3`, `content ${at}`), 100);
  const other = user.write("other", "other");
  const both = Promise.all([user.run("add-local-files", "data/16750", "smurf"), user.run("add-local-files", "data/16750", "smurf")]);
  for (let at = 0; at < 100; at++) await user.producer.add({ local_path: other, remote_path: `16750/other${at}`, archive_name: "other" });
  expect((await both).map(({ status, stderr }) => ({ status, stderr }))).toEqual([
    { status: 0, stderr: "" },
    { status: 0, stderr: "" },
  ]);
  const rows = await user.producer.rows();
  const ours = rows.filter(({ archive_name }) => archive_name === "smurf");
  expect(new Set(ours.map(({ local_path }) => local_path)).size).toBe(400);
  expect(ours.length).toBe(400);
  expect(rows.length).toBe(500);
});

test("while another program holds the lock, tools that write wait and say so, and those that read answer at once", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const file = user.write("a", "a");
  using held = new DatabaseSync(user.database);
  held.exec("BEGIN IMMEDIATE");
  const added = user.begin(["add", file, "a", "smurf"]);
  expect((await user.run("list", "smurf")).stdout).toBe("No files left to be copied\n");
  const said = `hotdir suprsync: another program has locked ${user.database}; waiting for it, 60 s at most\n`;
  await waitUntil("it says so", () => added.text() === said, { timeoutMs: 20_000, explain: () => added.text() });
  held.exec("COMMIT");
  expect(await added.ended()).toBe(0);
  expect(await user.producer.rows()).toHaveLength(1);
});

test("wrong use is one line each: no database, no such tool, no such option, a missing word", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const refused = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await user.run(...args);
    expect(status).toBe(2);
    return stderr;
  };
  expect((await user.hotdir(["suprsync", "list", "smurf"], { SUPRSYNC_DB: "" })).stderr).toContain(
    "which database? --db FILE, or SUPRSYNC_DB",
  );
  expect(await refused("lst", "smurf")).toContain('there is no tool "lst"; did you mean list?');
  expect(await refused("list")).toContain("usage: hotdir suprsync list ARCHIVE");
  expect(await refused("add", "data/none", "/abs", "smurf")).toContain("the remote path /abs is relative to the agent's --remote-basedir");
  expect(await refused("add-local-files", "none", "smurf")).toContain("ENOENT");
  expect(await refused("add-local-files", "data", "smurf", "--last-edit", "soon")).toContain("a number of seconds is expected");
  expect(await refused("--site-config", "none.yaml")).toMatch(/none\.yaml: .*there is no such file/);
  expect(await refused("--archive-name", "smurf", "--bwlimit", "fast", "--chmod", "g+q")).toBe(
    [
      "--remote-basedir is missing: the directory that remote paths begin in",
      "--db-path is missing: the SQLite database; it is made where it is missing",
      "--suprsync-file-root is missing: where finalization files are written on this machine, before they are sent",
      `--bwlimit: "fast" is not a rate as rsync's --bwlimit takes it, such as 5000, 1.5m or 20MB`,
      `--chmod: "g+q": "q" is no permission; there are r, w, x, X, s and t, or one of u, g and o to copy theirs`,
    ]
      .map((line) => `hotdir suprsync: ${line}\n`)
      .join(""),
  );
});

test("a table of a million rows is answered from quickly", { timeout: 120_000 }, async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const db = new DatabaseSync(user.database);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    INSERT INTO supersync_v0 SELECT i, '/data/16750/' || i, printf('%032d', i), 'smurf', '16750/' || i, i, iif(i <= 999000, printf('%032d', i), NULL),
    1.0, NULL, 0, 1, 0 FROM n`);
  db.close();
  const timed = async (...args: string[]): Promise<string> => {
    const startMs = performance.now();
    const { status, stdout } = await user.run(...args);
    expect(status).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    return stdout;
  };
  expect(await timed("next", "smurf")).toContain("local_path: /data/16750/999001\n");
  expect((await timed("list", "smurf")).split("\n").length).toBe(1001);
  expect(await timed("check", "/data/16750/500000")).toContain("-> verified at the destination");
  age(user.write("one", "one"), 100);
  expect(await timed("add-local-files", "data", "smurf")).toContain("Added 1 file (3 B)");
});
