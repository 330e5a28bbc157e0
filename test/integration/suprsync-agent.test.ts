import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { type Begun, makeSuprsyncUser, type SuprsyncUser } from "../support/suprsync-user.ts";
import { waitUntil } from "../support/waiting.ts";

/** The agent as SupRsync's users start it, against a real sshd, fed by a producer in Python that knows nothing of hotdir. */

type Site = SuprsyncUser & { sshd: TestSshd; configuration: string };

/** SupRsync's own documentation, with hosts and paths replaced: two agents on one database. */
async function makeSite(): Promise<Site> {
  await using undo = new AsyncDisposableStack();
  const sshd = undo.use(await startSshd());
  const user = undo.use(await makeSuprsyncUser({ HOTDIR_SSH: `ssh -F ${sshd.sshConfigFile}` }));
  const agent = (id: string, archive: string, timeout: number): string => `
      {'agent-class': 'SupRsync',
       'instance-id': '${id}',
       'arguments':[
         '--archive-name', '${archive}',
         '--remote-basedir', '${sshd.directory}/base/${archive}',
         '--db-path', '${user.database}',
         '--ssh-host', '${sshd.hostAlias}',
         '--ssh-key', '${sshd.directory}/user_key',
         '--delete-local-after', '604800',
         '--max-copy-attempts', '10',
         '--copy-timeout', '${timeout}',
         '--cmd-timeout', '5',
         '--suprsync-file-root', '${user.path}/suprsync',
       ]},`;
  const configuration = `${user.path}/config/default.yaml`;
  mkdirSync(`${user.path}/config`);
  writeFileSync(
    configuration,
    `hub: {wamp_server: 'ws://127.0.0.1:8001/ws', wamp_realm: test_realm, address_root: observatory}
hosts:
  localhost: {
    'agent-instances': [${agent("timestream-sync", "timestreams", 60)}${agent("smurf-sync", "smurf", 20)}
    ]
  }
`,
  );
  const held = undo.move();
  return { ...user, sshd, configuration, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const md5 = (content: string | Buffer): string => createHash("md5").update(content).digest("hex");

async function verified(user: SuprsyncUser, rows: number, agents: Begun[]): Promise<void> {
  await waitUntil(
    `${rows} rows are verified`,
    async () => (await user.producer.rows()).filter((row) => row.remote_md5sum === row.local_md5sum).length >= rows,
    { timeoutMs: 30_000, explain: () => agents.map((agent) => agent.text()).join("\n---\n") },
  );
}

test("the documented site configuration runs as it stands: two agents, each its archive, on a database that neither finds there", async () => {
  await using site = await makeSite();
  // As it is typed, and as a container has it.
  const agents = [
    site.begin(["--site-config", site.configuration, "--instance-id", "timestream-sync", "--sleep-time", "1"]),
    site.begin(["--sleep-time=1"], { OCS_CONFIG_DIR: `${site.path}/config`, INSTANCE_ID: "smurf-sync", LOGLEVEL: "info" }),
  ];
  await waitUntil("both run", () => agents.every((agent) => agent.text().includes("suprsync runs")), {
    timeoutMs: 20_000,
    explain: () => agents.map((agent) => agent.text()).join("\n"),
  });
  const timecode = Math.floor(Date.now() / 1e8);
  const names = ["a.g3", "with blank.g3", 'it\'s "odd"; $(x)\n.g3'];
  const content = (archive: string, name: string): string => `${archive} ${name}`;
  symlinkSync(site.write("elsewhere", "linked"), `${site.path}/data/link`);
  for (const archive of ["timestreams", "smurf"])
    for (const name of names)
      await site.producer.add({
        local_path: site.write(`${archive}/${name}`, content(archive, name)),
        remote_path: `${timecode}/sub/${name}`,
        archive_name: archive,
      });
  await site.producer.add({ local_path: `${site.path}/data/link`, remote_path: `${timecode}/link`, archive_name: "smurf" });
  await verified(site, 7, agents);
  for (const archive of ["timestreams", "smurf"]) {
    for (const name of names) {
      const arrived = `${site.sshd.directory}/base/${archive}/${timecode}/sub/${name}`;
      expect(readFileSync(arrived, "utf8")).toBe(content(archive, name));
      expect(statSync(arrived).mode & 0o777).toBe(0o664);
      expect(statSync(arrived).mtimeMs).toBeCloseTo(statSync(`${site.path}/data/${archive}/${name}`).mtimeMs, -4);
    }
  }
  expect(readFileSync(`${site.sshd.directory}/base/smurf/${timecode}/link`, "utf8")).toBe("linked");
  for (const row of await site.producer.rows()) {
    expect(row).toMatchObject({ removed: null, failed_copy_attempts: 0 });
    expect(Math.abs((row.copied ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  }
  for (const agent of agents) {
    const [, file = "", state = ""] = /'hotdir status -c (\S+) --state-dir (\S+)'/.exec(agent.text().split("\n")[0] ?? "") ?? [];
    const status = await site.hotdir(["status", "-c", file, "--state-dir", state, "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ daemon: { running: true, pid: agent.pid } });
    expect(agent.text()).toContain("a copy that gets on is never ended");
    expect(agent.text()).not.toMatch(/"level":"(warn|error)"/);
    expect(await agent.stop()).toBe(0);
  }
});

test("the arguments alone copy to a directory of this machine; the database is made as the original makes it; a second agent is refused", async () => {
  await using user = await makeSuprsyncUser();
  const database = `${user.path}/made/so.db`;
  const line = [
    "--archive-name",
    "smurf",
    "--remote-basedir=dest",
    "--db-path",
    database,
    "--suprsync-file-root",
    "root",
    "--sleep-time",
    "1",
  ];
  const agent = user.begin([...line, "--instance-id", "first"]);
  await waitUntil("it runs", () => agent.text().includes("suprsync runs"), { timeoutMs: 20_000, explain: () => agent.text() });
  await user.producer.create();
  expect(schemaOf(database)).toEqual(schemaOf(user.database));
  const second = await user.run(...line, "--instance-id", "second");
  expect(second).toMatchObject({ status: 5, stderr: expect.stringContaining("another daemon owns the state directory") as string });
  const added = await user.run("add", user.write("a.g3", "a"), "16750/a.g3", "smurf", "--db", database);
  expect(added.status).toBe(0);
  await waitUntil("it arrives", () => existsSync(`${user.path}/dest/16750/a.g3`), { timeoutMs: 20_000, explain: () => agent.text() });
  expect(await agent.stop()).toBe(0);
});

test("a timecode directory is finalized once: a file as the original's, a row of its own, sent like any other", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const old = Math.floor(Date.now() / 1e8) - 5;
  for (const name of ["x/1", "x/2", "y/3"])
    await user.producer.add({ local_path: user.write(name, name), remote_path: `${old}/${name}`, archive_name: "smurf" });
  const line = ["--archive-name", "smurf", "--remote-basedir", "dest", "--db-path", user.database, "--suprsync-file-root", "root"];
  const agent = user.begin([...line, "--instance-id", "smurf-sync-srv20", "--sleep-time", "1"]);
  await verified(user, 4, [agent]);
  const rows = await user.producer.rows();
  const manifest = rows.at(-1)!;
  expect(manifest.remote_path).toMatch(new RegExp(String.raw`^\d{5}/suprsync/smurf-sync-srv20/\d{10}_smurf_${old}_finalized\.yaml$`));
  expect(readFileSync(`${user.path}/dest/${manifest.remote_path}`, "utf8")).toContain(`timecode: ${old}\n`);
  expect(md5(readFileSync(manifest.local_path))).toBe(manifest.local_md5sum);
  await waitUntil(
    "it is noted",
    async () => (await user.producer.timecodes()).some(({ timecode, finalized }) => timecode === old && finalized === 1),
    {
      timeoutMs: 20_000,
      explain: () => agent.text(),
    },
  );
  expect(await agent.stop()).toBe(0);
  expect((await user.producer.rows()).length).toBe(4);
});

test("what import prints of a site configuration does the same as the agents: all of them in one daemon", async () => {
  await using site = await makeSite();
  await site.producer.create();
  for (const archive of ["timestreams", "smurf"])
    await site.producer.add({
      local_path: site.write(`${archive}.g3`, archive),
      remote_path: `notes/${archive}.g3`,
      archive_name: archive,
    });
  const file = `${site.path}/hotdir.yaml`;
  const imported = await site.hotdir(["import", "suprsync", "--site-config", site.configuration, "-o", file]);
  expect(imported.stdout).toContain(`Wrote ${file}: 2 flows (timestreams, smurf).\n`);
  expect(readFileSync(file, "utf8")).toMatch(/poll: 1m +# the default of --sleep-time\n/);
  expect(readFileSync(file, "utf8")).toMatch(/attempts: 10 +# \S+default\.yaml:\d+; --max-copy-attempts\n/);
  const ran = await site.hotdir(["run", "--until-idle", "-c", file, "--state-dir", `${site.path}/state`]);
  expect(ran.status).toBe(0);
  await verified(site, 2, []);
  const one = await site.hotdir(["import", "suprsync", "--site-config", site.configuration, "--instance-id", "smurf-snyc"]);
  expect(one).toMatchObject({ status: 2, stdout: "" });
  expect(one.stderr).toBe(
    `hotdir import suprsync: ${site.configuration}:1: there is no agent "smurf-snyc" of localhost; SupRsync has timestream-sync, smurf-sync; did you mean "smurf-sync"?\n`,
  );
});

test("an agent that finds the database locked says so and waits for as long as it takes; SIGTERM then ends it with 0", async () => {
  await using user = await makeSuprsyncUser();
  // Not in WAL mode yet, so that even looking at it has to wait.
  using held = new DatabaseSync(`${user.path}/other.db`);
  held.exec("CREATE TABLE mine (x); BEGIN EXCLUSIVE");
  const line = ["--archive-name", "smurf", "--remote-basedir", "dest", "--db-path", "other.db", "--suprsync-file-root", "root"];
  const agent = user.begin([...line, "--instance-id", "sync"]);
  const said = `hotdir suprsync: another program has locked ${user.path}/other.db; waiting for it\n`;
  await waitUntil("it says so", () => agent.text() === said, { timeoutMs: 20_000, explain: () => agent.text() });
  expect(await agent.stop()).toBe(0);
});

/** Without what differs in writing only. */
function schemaOf(database: string): unknown[] {
  using db = new DatabaseSync(database, { readOnly: true });
  return db.prepare("SELECT name, sql FROM sqlite_master WHERE name LIKE '%\\_v0' ESCAPE '\\' ORDER BY name").all();
}
