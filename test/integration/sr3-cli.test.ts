import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addLine, makeSr3User, type Sr3User } from "../support/sr3-user.ts";
import { waitUntil } from "../support/waiting.ts";

/** The command line of Sarracenia's users on a tree such as they write it, over a real RabbitMQ and a real sshd. */
let user: Sr3User;
let uploads: string;
let there: string;

beforeAll(async () => {
  user = await makeSr3User();
  uploads = `${user.home}/to_cluster`;
  there = `${user.hosts.sshd.home}/on_cluster`;
  mkdirSync(uploads);
  user.configure({
    "default.conf": ["declare env UP=xs_hotdir_from_loli_to_cluster", "declare env UPLOADS=${HOME}/to_cluster"].join("\n"),
    "watch/to_cluster.conf": [
      "post_broker ${BROKER}",
      "post_exchange ${UP}",
      "post_baseUrl file:${UPLOADS}",
      "fileEvents -delete,rmdir",
      "path ${UPLOADS}",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "accept .*",
    ].join("\n"),
    "sender/to_cluster.conf": [
      "broker ${BROKER}",
      "exchange ${UP}",
      "sendTo sftp://${CLUSTER}",
      "baseDir ${UPLOADS}",
      "instances 5",
      "inflight .tmp",
      "fileEvents -delete,rmdir",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "directory ${FOLDER}",
      "accept .*",
      "post_broker ${BROKER}",
      "post_baseUrl sftp://${CLUSTER}",
      "post_baseDir ${FOLDER}",
      "post_exchange xs_hotdir_on_cluster",
      "",
    ].join("\n"),
    "post/by_hand.conf": ["post_broker ${BROKER}", "post_exchange ${UP}", "post_baseUrl file:", "reject .*.tmp$", "accept .*"].join("\n"),
  });
}, 120_000);

afterAll(async () => {
  await user?.[Symbol.asyncDispose]();
}, 60_000);

const sr3 = (...args: string[]): ReturnType<Sr3User["run"]> => user.run("sr3", ...args);

async function arrived(file: string, content: string): Promise<void> {
  const found = (): string | null => (existsSync(`${there}/${file}`) ? readFileSync(`${there}/${file}`, "utf8") : null);
  await waitUntil(`${file} at the cluster`, () => found() === content, { timeoutMs: 30_000, explain: () => user.log() });
}

/** The cells of a configuration's line in the table. */
async function row(name: string): Promise<string[]> {
  const { stdout } = await sr3("status");
  return (
    stdout
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(/\s+/) ?? []
  );
}

test("declare, start, files arrive, status, sanity after a kill, restart after a change, stop, cleanup", async () => {
  expect((await row("sender/to_cluster")).slice(1, 3)).toEqual(["stop", "0/0"]);
  const declared = await sr3("declare");
  expect(declared, declared.stderr).toMatchObject({ status: 0 });
  expect(declared.stdout).toMatch(/^declare:/);
  const exchanges = await user.hosts.rabbitmq.ctl("list_exchanges", "name", "type", "durable");
  expect(exchanges).toMatch(/xs_hotdir_from_loli_to_cluster\s+topic\s+true/);
  const queues = await user.hosts.rabbitmq.ctl("list_queues", "name", "durable");
  expect(queues).toMatch(/q_hotdir\.sender\.to_cluster\.bob_\S+\s+true/);

  // Nothing runs by that, now or after a crash.
  expect(existsSync(`${user.state}/hotdir.yaml`)).toBe(false);

  // What came before the first start is found as well.
  writeFileSync(`${uploads}/early.nc`, "early");
  const started = await sr3("start");
  expect(started, started.stderr).toMatchObject({ status: 0, stdout: expect.stringMatching(/^starting:\. \( 3 \) Done$/m) });
  await arrived("early.nc", "early");
  mkdirSync(`${uploads}/run 1`);
  writeFileSync(`${uploads}/run 1/a.nc`, "in a directory");
  writeFileSync(`${uploads}/left.tmp`, "working");
  await arrived("run 1/a.nc", "in a directory");
  expect(existsSync(`${there}/left.tmp`)).toBe(false);

  const sender = await waitUntil("the sender's figures", async () => {
    const cells = await row("sender/to_cluster");
    return cells[9] === "n/a" ? null : cells;
  });
  expect(sender.slice(1, 7)).toEqual(["run", "1/1", "0", "up", expect.stringMatching(/^[1-5]\/5$/), "0"]);
  expect(sender[7]).toMatch(/^\d+\.\d\ds$/);
  expect((await row("watch/to_cluster")).slice(1, 7)).toEqual(["run", "1/1", "0", "up", "-", "-"]);

  // A power cut takes supervisor and daemon; one that is asked every minute brings them back.
  for (const pid of user.pids()) process.kill(pid, "SIGKILL");
  await waitUntil("nothing runs", () => user.pids().length === 0);
  expect((await row("sender/to_cluster")).slice(1, 3)).toEqual(["miss", "0/1"]);
  writeFileSync(`${uploads}/meanwhile.nc`, "meanwhile");
  const repaired = await sr3("sanity");
  expect(repaired).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("started hotdir, which did not run although it was wanted"),
  });
  await arrived("meanwhile.nc", "meanwhile");
  const well = await sr3("sanity");
  expect(well).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^sanity: no missing processes found\nno stray processes found\n/),
  });

  // A change counts once it is taken, and is told until then.
  addLine(`${user.home}/.config/sr3/sender/to_cluster.conf`, "attempts 5");
  expect((await sr3("status")).stdout).toContain("changed since it was started: sender/to_cluster");
  const again = await sr3("restart", "sender/to_cluster");
  expect(again, again.stderr).toMatchObject({ status: 0, stdout: "starting: ( 1 ) Done\n" });
  expect((await sr3("status")).stdout).not.toContain("changed since");
  writeFileSync(`${uploads}/after.nc`, "after the change");
  await arrived("after.nc", "after the change");

  const stopped = await sr3("stop");
  expect(stopped).toMatchObject({ status: 0, stdout: expect.stringContaining("All stopped") });
  expect(user.pids()).toEqual([]);
  expect((await sr3("stop")).stdout).toBe("no procs running...already stopped\n");

  const several = await sr3("cleanup");
  expect(several).toMatchObject({ status: 2, stderr: expect.stringContaining("--dangerWillRobinson=3") });
  const cleaned = await sr3("--dangerWillRobinson=3", "cleanup");
  expect(cleaned, cleaned.stderr).toMatchObject({ status: 0 });
  expect(await user.hosts.rabbitmq.ctl("list_queues", "name")).not.toContain("q_hotdir.sender.to_cluster");
}, 180_000);

test("sr3_post announces with and without a daemon, tells of each path, and is not 0 for a missing file", async () => {
  // Without a daemon it publishes itself; the queue is there, so that nothing is lost before the sender runs.
  expect((await sr3("declare", "sender/to_cluster", "post/by_hand")).status).toBe(0);
  mkdirSync(`${user.home}/tree/deep`, { recursive: true });
  for (const name of ["tree/one", "tree/deep/two", "three"]) writeFileSync(`${user.home}/${name}`, name);
  const without = await user.run("sr3_post", "-c", "by_hand", "-p", "tree", "three", "nothing");
  expect(without, without.stderr).toMatchObject({ status: 1 });
  expect(without.stdout.split("\n")).toEqual([
    `${user.home}/tree: 4 changes queued`,
    `${user.home}/three: queued`,
    "published: the broker has all of it",
    "",
  ]);
  expect(without.stderr).toContain(`${user.home}/nothing: there is nothing of this name`);
  expect(user.pids()).toEqual([]);
  const again = await user.run("sr3_post", "-c", "by_hand", "three");
  expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining(`${user.home}/three: nothing new`) });

  const started = await sr3("start", "sender/to_cluster");
  expect(started, started.stderr).toMatchObject({ status: 0 });
  // The watch does not run: what is named arrives, and nothing else of the directory.
  for (const name of ["by-hand.nc", "not-named.nc"]) writeFileSync(`${uploads}/${name}`, name);
  const direct = await user.run(
    "sr3_post",
    "-pb",
    `amqp://hotdir@127.0.0.1:${user.hosts.rabbitmq.port}`,
    "-pe",
    "xs_hotdir_from_loli_to_cluster",
    "-pbu",
    `file:${uploads}`,
    "to_cluster/by-hand.nc",
  );
  expect(direct, direct.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining(`${uploads}/by-hand.nc: queued\n`) });
  await arrived("by-hand.nc", "by-hand.nc");
  expect(existsSync(`${there}/not-named.nc`)).toBe(false);
  expect((await sr3("status")).stdout).toMatch(/^post\/options-[0-9a-f]{8}\s+run\s+1\/1/m);
  // A message that nobody would get waits.
  await sr3("stop");
  const lost = await user.run("sr3_post", "-c", "by_hand", "-pe", "xs_hotdir_nobody", "three");
  expect(lost).toMatchObject({ status: 4, stderr: expect.stringMatching(/1 change could not be published .*does anybody listen there\?/) });
  expect(lost.stdout).toBe(`${user.home}/three: queued\n`);
  expect((await user.run("sr3_post", "three")).stderr).toContain("which configuration?");
  expect((await user.run("sr3_post", "-c", "by_hnad", "three")).status).toBe(2);
}, 120_000);

test("a faulty configuration is told with file and line, keeps what ran, and no other from running", async () => {
  user.configure({ "sender/broken.conf": "broker ${BROKER}\nexchange xs_hotdir_x\nsendTo sftp://${CLUSTER}\ninstanses 5\naccept .*\n" });
  const started = await sr3("start");
  expect(started).toMatchObject({ status: 2, stdout: expect.stringContaining("Done") });
  expect(started.stderr).toMatch(/^sender\/broken\.conf:4: .*instanses.*did you mean "instances"\?$/m);
  expect(started.stderr).toContain("sender/broken cannot be carried over; it is not started");
  const table = (await sr3("status")).stdout;
  expect(table).toMatch(/^sender\/broken\s+faul\s/m);
  expect(table).toMatch(/^watch\/to_cluster\s+run\s/m);

  // One that runs goes on as it was when its file is spoiled, also through a restart of all.
  const file = `${user.home}/.config/sr3/watch/to_cluster.conf`;
  const before = readFileSync(file, "utf8");
  addLine(file, "\nmirror y");
  const refused = await sr3("restart");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("what runs of it goes on as it was");
  writeFileSync(`${uploads}/still.nc`, "still");
  await arrived("still.nc", "still");
  writeFileSync(file, before);
  user.configure({ "sender/broken.conf": "" });
  rmSync(`${user.home}/.config/sr3/sender/broken.conf`);
  expect(await sr3("restart", "watch/*")).toMatchObject({ status: 0 });
}, 120_000);

test("edit tells what is wrong, show where each option comes from and what became of it, and both leave the rest alone", async () => {
  const file = `${user.home}/.config/sr3/post/by_hand.conf`;
  const before = readFileSync(file, "utf8");
  writeFileSync(`${user.home}/editor`, `#!/bin/sh\n[ "$1" = --quick ] && printf '\\n%s\\n' 'identety md5' >>"$2"\n`, { mode: 0o755 });
  const edited = await sr3("edit", "post/by_hand");
  expect(edited.status).toBe(2);
  expect(edited.stderr).toMatch(/^post\/by_hand\.conf:6: .*identety.*did you mean "identity"\?$/m);
  expect((await sr3("show", "post/by_hand")).status).toBe(2);
  writeFileSync(file, before);
  const shown = await sr3("show", "post/by_hand");
  expect(shown).toMatchObject({ status: 0, stderr: "" });
  expect(shown.stdout).toMatch(/^ {2}post_exchange +xs_hotdir_from_loli_to_cluster +post\/by_hand\.conf:2 +-> destination\.publish/m);
  expect(shown.stdout).toMatch(/^ {4}post-by_hand:/m);
  expect(await sr3("edit", "*/to_cluster")).toMatchObject({ status: 2, stderr: expect.stringContaining("edit takes one file") });
  expect((await sr3("list")).stdout).toMatch(/post\/by_hand\.conf.*credentials\.conf.*default\.conf/s);
  expect(JSON.parse((await sr3("features", "--json")).stdout)).toMatchObject({ state: user.state });
  expect(await sr3("overview")).toMatchObject({ status: 2, stderr: expect.stringContaining("'sr3 status' tells it") });
}, 60_000);

test("one that is disabled is left out, one that is gone ends, and a slip of the pen does nothing", async () => {
  expect(await sr3("disable", "watch/to_cluster")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("runs: 'sr3 stop watch/to_cluster' first"),
  });
  expect((await sr3("stop", "watch/to_cluster")).status).toBe(0);
  expect((await row("watch/to_cluster")).slice(1, 3)).toEqual(["stop", "0/0"]);
  expect((await row("sender/to_cluster")).slice(1, 3)).toEqual(["run", "1/1"]);
  expect((await sr3("disable", "watch/to_cluster")).status).toBe(0);
  expect((await sr3("start")).status).toBe(0);
  expect((await row("watch/to_cluster"))[1]).toBe("disa");
  expect((await sr3("list")).stdout).toContain("watch/to_cluster.off");
  expect(await sr3("start", "watch/to_cluster")).toMatchObject({ status: 2, stderr: expect.stringContaining("is disabled") });
  expect((await sr3("enable", "watch/to_cluster")).status).toBe(0);
  expect(await sr3("start", "watch/to_clustr")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("did you mean watch/to_cluster?"),
  });

  user.configure({ "post/passing.conf": "post_broker ${BROKER}\npost_exchange xs_hotdir_passing\npost_baseUrl file:\n" });
  expect((await sr3("start", "post/passing")).status).toBe(0);
  expect((await row("post/passing")).slice(2, 3)).toEqual(["1/1"]);
  rmSync(`${user.home}/.config/sr3/post/passing.conf`);
  expect((await sr3("status")).stdout).toContain("no configuration any more: post/passing");
  expect((await sr3("sanity")).stdout).toContain("ended, since their configurations are gone or switched off: post/passing");
  expect((await sr3("status")).stdout).not.toContain("passing");
}, 120_000);

test("foreground and sr3_watch show what they do until Ctrl-C, and one daemon at a time has the ledger", async () => {
  expect(await user.run("sr3_watch", "-c", "to_cluster")).toMatchObject({
    status: 5,
    stderr: expect.stringContaining("'sr3 stop' ends it"),
  });
  expect((await sr3("stop")).status).toBe(0);
  const watch = user.begin("sr3_watch", "-c", "to_cluster");
  writeFileSync(`${uploads}/seen.nc`, "seen");
  await waitUntil("the watch tells of it", () => watch.text().includes("seen.nc"), { timeoutMs: 30_000, explain: watch.text });
  expect((await row("watch/to_cluster"))[1]).toBe("fore");
  process.kill(watch.pid, "SIGINT");
  expect(await watch.ended()).toBe(130);
  // What it announced waits at the broker for whoever sends.
  const sender = user.begin("sr3", "--debug", "foreground", "sender/to_cluster");
  await arrived("seen.nc", "seen");
  process.kill(sender.pid, "SIGTERM");
  expect(await sender.ended()).toBe(0);
  const log = user.begin("sr3", "log", "sender/to_cluster");
  await waitUntil("the log of it", () => log.text().includes("delivered seen.nc"), { timeoutMs: 20_000, explain: log.text });
  process.kill(log.pid, "SIGTERM");
  expect(await log.ended()).toBe(0);
  const story = await sr3("explain", `${uploads}/seen.nc`);
  expect(story, story.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining("delivered") });
}, 120_000);

test("where the broker is away before there is any queue, nothing is started that would publish into nothing", async () => {
  user.configure({
    "watch/first.conf": "post_broker ${BROKER}\npost_exchange xs_hotdir_first\npost_baseUrl file:${HOME}/first\npath ${HOME}/first\n",
    "sender/first.conf":
      "broker ${BROKER}\nexchange xs_hotdir_first\nsendTo sftp://${CLUSTER}\nbaseDir ${HOME}/first\ndirectory ${FOLDER}/first\naccept .*\n",
  });
  mkdirSync(`${user.home}/first`);
  writeFileSync(`${user.home}/first/a.nc`, "first of all");
  await user.hosts.rabbitmq.kill();
  const refused = await sr3("start", "*/first");
  expect(refused).toMatchObject({
    status: 4,
    stderr: expect.stringContaining("nothing was done: what is published before its queue is there would be lost"),
  });
  expect(user.pids()).toEqual([]);
  await user.hosts.rabbitmq.start();
  await waitUntil("it is started", async () => (await sr3("start", "*/first")).status === 0, { timeoutMs: 60_000, everyMs: 500 });
  await arrived("first/a.nc", "first of all");
  // From then on the queue is there, and it starts whether or not the broker answers.
  expect((await sr3("stop")).status).toBe(0);
  await user.hosts.rabbitmq.kill();
  expect((await sr3("start", "*/first")).status).toBe(0);
  expect((await row("watch/first")).slice(1, 5)).toEqual(["wait", "1/1", "0", "down"]);
  writeFileSync(`${user.home}/first/b.nc`, "while it was away");
  await user.hosts.rabbitmq.start();
  await arrived("first/b.nc", "while it was away");
}, 180_000);
