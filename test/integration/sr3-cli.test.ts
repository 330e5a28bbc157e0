import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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
