import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identityOf, writeIdentity } from "../../src/kernel/process-identity.ts";
import { findStrays } from "../../src/service/strays.ts";

let place = "";
let mark = "";
let started: number[] = [];

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), "hotdir-strays-")));
  // A daemon that is gone: its number may be anybody's, with its start it is nobody's.
  const own = identityOf(process.pid);
  mark = `${writeIdentity({ pid: process.pid, startTicks: 1, boot: own?.boot ?? "" })} ${place}`;
  started = [];
});

afterEach(() => {
  for (const pid of started) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  rmSync(place, { recursive: true });
});

/** Started by a shell that is gone, as a daemon's child is when the daemon is; its number. */
function orphan(command: string): number {
  const env = { PATH: process.env["PATH"] ?? "", HOTDIR_CHILD_OF: mark };
  const { stdout } = spawnSync("sh", ["-c", `{ ${command}; } >/dev/null 2>&1 & echo $!`], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  return remember(Number(stdout));
}

function remember(pid: number): number {
  started.push(pid);
  return pid;
}

const pidsFound = (): number[] => findStrays(place).map(({ process }) => process.pid);

test("what a daemon left behind is found, with what that started", async () => {
  const pid = orphan("exec sh -c 'sleep 600 & wait'");
  await expect.poll(pidsFound).toHaveLength(2);
  for (const found of pidsFound()) remember(found);
  expect(pidsFound()).toContain(pid);
});

test("what a live program or a person's shell started is theirs, though it has our environment", async () => {
  const child: ChildProcess = spawn("sleep", ["600"], { env: { HOTDIR_CHILD_OF: mark, PATH: process.env["PATH"] ?? "" }, stdio: "ignore" });
  remember(child.pid ?? 0);
  const other = orphan("exec sleep 600");
  await expect.poll(pidsFound).toEqual([other]);
});

test("whoever takes connections from others is spared", async () => {
  const socket = join(place, "master.sock");
  orphan(`exec ${JSON.stringify(process.execPath)} -e 'require("net").createServer().listen(process.argv[1])' ${JSON.stringify(socket)}`);
  const other = orphan("exec sleep 600");
  await expect.poll(() => existsSync(socket)).toBe(true);
  await expect.poll(pidsFound).toEqual([other]);
});

test("the proxy of a connection that others use is spared: somebody holds the other end of its pipe", async () => {
  const script = `sleep 600 | env "HOTDIR_CHILD_OF=$0" sh -c 'exec 3<&0; { exec sleep 600; } <&3 3<&- >/dev/null 2>&1 & echo $!'`;
  const env = { PATH: process.env["PATH"] ?? "" };
  // A group of its own, which is ended as one.
  const shell = spawn("sh", ["-c", script, mark], { env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  try {
    const [line] = (await once(shell.stdout, "data")) as [Buffer];
    const other = orphan("exec sleep 600");
    await expect.poll(pidsFound).toEqual([other]);
    expect(identityOf(Number(String(line)))).not.toBe(null);
  } finally {
    process.kill(-(shell.pid ?? 0), "SIGKILL");
  }
});
