import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Hotdir, hotdirProgram } from "../support/daemon.ts";
import { hostileNames } from "../support/names.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

/** The real program, with a local destination: what the command line promises does not depend on the way there. */
type Place = AsyncDisposable & { path: string; source: string; destination: string; hotdir: Hotdir };

async function makePlace(flow: { source?: object; retry?: object } = {}): Promise<Place> {
  const temporary: Temporary = await makeTemporary();
  const { path } = temporary;
  const [source, destination] = [`${path}/source`, `${path}/destination`];
  for (const directory of [source, destination, `${path}/home`]) mkdirSync(directory);
  const configuration = {
    flows: {
      hot: {
        source: { directory: source, reject: ["\\.tmp$"], rescan: "2s", ...flow.source },
        destination: { url: `file:${destination}` },
        retry: { attempts: 2, backoff: "20ms..50ms", ...flow.retry },
      },
    },
  };
  writeFileSync(`${path}/hotdir.yaml`, JSON.stringify(configuration, null, 2));
  const hotdir = new Hotdir({
    configFile: `${path}/hotdir.yaml`,
    stateDirectory: `${path}/state`,
    home: `${path}/home`,
    logFile: `${path}/log`,
  });
  return {
    path,
    source,
    destination,
    hotdir,
    async [Symbol.asyncDispose]() {
      await hotdir.killHard();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

test("run --until-idle delivers what is there, and status, explain and receipts tell of it without a daemon", async () => {
  await using place = await makePlace();
  writeFileSync(`${place.source}/a.nc`, "content");
  writeFileSync(`${place.source}/b.tmp`, "not yet");
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  expect(readFileSync(`${place.destination}/a.nc`, "utf8")).toBe("content");

  const status = JSON.parse((await place.hotdir.ask("status", "--json")).stdout) as object;
  expect(status).toMatchObject({
    daemon: { running: false, pid: null, since: null, page: null, metrics: null },
    flows: [
      {
        name: "hot",
        state: "stopped",
        reason: null,
        guarantee: "verified",
        counts: { seen: 2, settling: 0, queued: 0, sending: 0, delivered: 1, superseded: 0, ignored: 1, dead: 0 },
        bytes: { queued: 0, delivered: 7 },
        freshness_s: null,
        lanes: { open: 0, max: 5 },
        rate: { files_per_s: 0, bytes_per_s: 0 },
      },
    ],
  });
  expect((await place.hotdir.ask("status")).stdout).toContain("2 seen = 1 delivered + 1 ignored");

  const delivered = await place.hotdir.ask("explain", `${place.source}/a.nc`);
  expect(delivered).toMatchObject({ status: 0 });
  expect(delivered.stdout).toContain(
    "sha256 ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73, read back at the destination",
  );
  expect(delivered.stdout).toContain("Next: nothing: it is delivered");
  expect((await place.hotdir.ask("explain", "b.tmp")).stdout).toContain("Next: nothing: it is not sent (reject: \\.tmp$)");
  expect((await place.hotdir.ask("explain", "never.nc")).stdout).toContain("Next: never seen: there is no ");
  expect((await place.hotdir.ask("explain", "/etc/hostname")).stdout).toContain("Next: never seen: it is not in any source");

  writeFileSync(`${place.source}/a.nc`, "another content");
  expect((await place.hotdir.ask("explain", "a.nc")).stdout).toContain("Next: the source file has changed since; the next run sends it");
  writeFileSync(`${place.source}/late.nc`, "");
  expect((await place.hotdir.ask("explain", "late.nc")).stdout).toContain("Next: never seen: the flow does not run ('hotdir run hot')");
});

test("sha256sum -c, run in the destination's root, confirms the receipts of hostile names", async () => {
  await using place = await makePlace();
  const names = [...hostileNames.map((name) => name("x")), "-", "ends with return\r", "*"].map((name) => Buffer.from(name, "latin1"));
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${place.source}/`), name]), name);
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  const sums = execFileSync(hotdirProgram, [
    "receipts",
    "-c",
    `${place.path}/hotdir.yaml`,
    "--state-dir",
    `${place.path}/state`,
    "--format",
    "sums",
  ]);
  expect(sums.toString("latin1").split("\n").length - 1).toBe(names.length);
  const check = execFileSync("sha256sum", ["-c", "--strict"], { cwd: place.destination, input: sums }).toString("latin1");
  expect(
    check
      .trim()
      .split("\n")
      .filter((line) => line.endsWith(": OK")).length,
  ).toBe(names.length);

  writeFileSync(Buffer.concat([Buffer.from(`${place.destination}/`), names[0]!]), "damaged");
  expect(() =>
    execFileSync("sha256sum", ["-c", "--quiet"], { cwd: place.destination, input: sums, stdio: ["pipe", "pipe", "ignore"] }),
  ).toThrow("Command failed");

  const rows = JSON.parse((await place.hotdir.ask("receipts", "--format", "json")).stdout) as Array<{
    path: string;
    path_bytes?: string;
    basis: string;
    durable: boolean;
  }>;
  const told = rows.map((row) =>
    (row.path_bytes === undefined ? Buffer.from(row.path, "utf8") : Buffer.from(row.path_bytes, "hex")).toString("latin1"),
  );
  expect(told.sort()).toEqual(names.map((name) => name.toString("latin1")).sort());
  expect(rows.every((row) => row.basis === "digest")).toBe(true);
});

test("names that nobody can type are explained as they are shown", async () => {
  await using place = await makePlace();
  writeFileSync(Buffer.concat([Buffer.from(`${place.source}/`), Buffer.from([0xff, 0x0a, 0x5c])]), "x");
  expect(await place.hotdir.runUntilIdle()).toBe(0);
  const story = await place.hotdir.ask("explain", "\\xff\\n\\\\");
  expect(story.stdout).toMatch(/^\\xff\\n\\\\\n/);
  expect(story.stdout).toContain("Next: nothing: it is delivered");
});

test("a dead letter is listed with its reason, explained, and delivered after retry", async () => {
  await using place = await makePlace();
  writeFileSync(`${place.source}/way`, "content");
  mkdirSync(`${place.destination}/way`);
  expect(await place.hotdir.runUntilIdle()).toBe(3);
  const dead = await place.hotdir.ask("dead", "--json");
  expect(dead.status).toBe(3);
  expect(JSON.parse(dead.stdout)).toMatchObject([
    { flow: "hot", path: "way", code: "wrong-type", attempts: 2, reason: expect.stringContaining("way") },
  ]);
  expect((await place.hotdir.ask("explain", "way")).stdout).toContain(
    "Next: a person must decide; to send it again: hotdir retry -f hot way",
  );

  const none = await place.hotdir.ask("retry", "other");
  expect(none).toMatchObject({ status: 1, stdout: "Nothing was queued again.\n" });
  expect(none.stderr).toContain("other is no dead letter");
  rmdirSync(`${place.destination}/way`);
  expect(await place.hotdir.ask("retry", "way")).toMatchObject({
    status: 0,
    stdout: "Queued again: 1 dead letter; sent when hotdir runs.\n",
  });
  expect(await place.hotdir.runUntilIdle()).toBe(0);
  expect(readFileSync(`${place.destination}/way`, "utf8")).toBe("content");
  expect(await place.hotdir.ask("dead")).toMatchObject({ status: 0, stdout: "No dead letters.\n" });
  expect(await place.hotdir.ask("retry", "--all")).toMatchObject({ status: 0, stdout: "Nothing was queued again.\n" });
});

test("the running daemon answers status, explain, post and retry", async () => {
  await using place = await makePlace();
  mkdirSync(`${place.destination}/way`);
  writeFileSync(`${place.source}/way`, "content");
  place.hotdir.start();
  const status = await place.hotdir.waitFor("a dead letter", ({ flows }) => flows[0]?.counts.dead === 1);
  expect(status).toMatchObject({ daemon: { running: true, pid: place.hotdir.pid }, flows: [{ state: "running", reason: null }] });
  expect((await place.hotdir.ask("status")).stdout).toContain(`The daemon runs: process ${place.hotdir.pid}`);

  const second = await place.hotdir.ask("run");
  expect(second.status).toBe(5);
  expect(second.stderr).toContain(`process ${place.hotdir.pid}`);

  rmdirSync(`${place.destination}/way`);
  expect(await place.hotdir.ask("retry", "--all")).toMatchObject({ status: 0, stdout: "Queued again: 1 dead letter.\n" });
  await place.hotdir.waitFor("delivery", ({ flows }) => flows[0]?.counts.delivered === 1);

  const posted = await place.hotdir.ask("post", `${place.source}/way`, `${place.source}/missing`, "/etc/hostname");
  expect(posted).toMatchObject({ status: 1, stdout: "nothing new about 1 path (delivered in this version, or on the way)\n" });
  expect(posted.stderr).toContain("missing: there is nothing of this name");
  expect(posted.stderr).toContain("/etc/hostname: it is in no flow's source (hot: ");
  expect(await place.hotdir.stop()).toBe(0);
});

test("post without a daemon queues trees and names from standard input, which the next run delivers", async () => {
  await using place = await makePlace({ source: { directory: undefined, posts: true, reject: ["\\.tmp$"], rescan: undefined } });
  mkdirSync(`${place.source}/tree`);
  writeFileSync(`${place.source}/tree/a`, "a");
  writeFileSync(`${place.source}/tree/b.tmp`, "b");
  const name = Buffer.concat([Buffer.from(`${place.source}/`), Buffer.from([0xfe, 0x0a])]);
  writeFileSync(name, "strange");
  const post = (args: string[], input: Buffer): string =>
    execFileSync(hotdirProgram, ["post", "-c", `${place.path}/hotdir.yaml`, "--state-dir", `${place.path}/state`, ...args], {
      input,
    }).toString();
  expect(post([`${place.source}/tree`], Buffer.alloc(0))).toBe(
    "2 changes queued, 1 path ignored by the flow's rules; sent when hotdir runs\n",
  );
  expect(post(["-"], Buffer.concat([name, Buffer.from("\0")]))).toBe("1 change queued; sent when hotdir runs\n");
  const waits = await place.hotdir.ask("explain", `${place.source}/tree/a`);
  expect(waits.stdout).toContain("Next: the flow does not run; 'hotdir run hot' goes on");
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  expect(readFileSync(`${place.destination}${place.source}/tree/a`, "utf8")).toBe("a");
  expect(readFileSync(Buffer.concat([Buffer.from(place.destination), name]), "utf8")).toBe("strange");
});

test("status --watch prints a line for each change where there is no terminal, and Ctrl-C ends it with 0", async () => {
  await using place = await makePlace();
  writeFileSync(`${place.source}/a`, "a");
  expect(await place.hotdir.runUntilIdle()).toBe(0);
  const child = spawn(hotdirProgram, ["status", "--watch", "-c", `${place.path}/hotdir.yaml`, "--state-dir", `${place.path}/state`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await waitUntil("the first line", () => text.includes("\n"));
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(text).toMatch(/^\S+ \S+ {2}hot: stopped, 1 delivered, 0 queued, 0 sending, 0 dead, nothing behind\n$/);
});

test("quickstart in an empty home makes a directory and a configuration, and delivers", async () => {
  await using place = await makeTemporary();
  const home = `${place.path}/home`;
  mkdirSync(`${home}/hotdir`, { recursive: true });
  writeFileSync(`${home}/hotdir/occupied`, "this is somebody's");
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  const quickstart = (...args: string[]): string =>
    execFileSync(hotdirProgram, ["quickstart", "--until-idle", ...args], { env, stdio: ["ignore", "pipe", "pipe"] }).toString();
  expect(quickstart()).toContain(`Drop a file into ${home}/hotdir-2; it arrives in ${home}/hotdir-delivered.`);
  const written = readFileSync(`${home}/.config/hotdir/hotdir.yaml`, "utf8");
  writeFileSync(`${home}/hotdir-2/first`, "dropped");
  expect(quickstart()).toContain("There is a configuration already, so it is used as it is");
  expect(readFileSync(`${home}/hotdir-delivered/first`, "utf8")).toBe("dropped");
  expect(() => quickstart("elsewhere:inbox")).toThrow(/there is a configuration already/);
  expect(readFileSync(`${home}/.config/hotdir/hotdir.yaml`, "utf8")).toBe(written);
});

test("quickstart with a host that cannot be reached ends with 4 and writes nothing", async () => {
  await using place = await makeTemporary();
  const child = spawn(hotdirProgram, ["quickstart", "nobody@[::1]:inbox"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: place.path, HOTDIR_SSH: "ssh -p 1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  expect(await once(child, "close")).toEqual([4, null]);
  expect(stderr).toContain("the host cannot be reached");
  expect(stderr).toContain("ssh -p 1 nobody@::1 true");
  expect(readdirSync(place.path).filter((name) => name !== ".cache")).toEqual([]);
});

test("check touches nothing, tells the guarantee, and ends with 1 for a problem", async () => {
  await using place = await makePlace();
  const good = await place.hotdir.ask("check");
  expect(good).toMatchObject({ status: 0, stderr: "" });
  expect(good.stdout).toContain("guarantee: verified: every file is read back");
  expect(existsSync(`${place.path}/state`)).toBe(false);
  rmdirSync(place.source);
  const bad = await place.hotdir.ask("check", "--json");
  expect(bad.status).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    flows: [{ flow: "hot", unreachable: null, source: [{ level: "problem", fix: `mkdir -p ${place.source}` }] }],
  });
});

test("a configuration with faults ends with 2, all faults told, nothing started", async () => {
  await using place = await makePlace();
  writeFileSync(
    `${place.path}/hotdir.yaml`,
    "flows:\n  hot:\n    source: {directroy: /a}\n    destination: {url: 'file:/b', lanes: many}\n",
  );
  for (const command of ["run", "status", "check"]) {
    const outcome = await place.hotdir.ask(command);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toContain('did you mean "directory"?');
    expect(outcome.stderr).toContain("flows.hot.destination.lanes");
  }
  expect(existsSync(`${place.path}/state`)).toBe(false);
  expect(await place.hotdir.ask("run", "--nonsense")).toMatchObject({ status: 2 });
  expect(await place.hotdir.ask("status", "nobody")).toMatchObject({ status: 2 });
});

test("a halted flow goes on after resume, with and without a daemon", async () => {
  await using place = await makePlace({ source: { propagate: ["put", "delete", "mkdir"], rescan: "1s" } });
  writeFileSync(`${place.source}/a`, "a");
  expect(await place.hotdir.runUntilIdle()).toBe(0);
  execFileSync("mv", [`${place.source}/a`, `${place.path}/aside`]);
  place.hotdir.start();
  const halted = await place.hotdir.waitFor("a halt", ({ flows }) => flows[0]?.state === "halted");
  expect(halted.flows[0]?.reason).toContain("empty");
  expect(await place.hotdir.stop()).toBe(0);
  const offline = await place.hotdir.status();
  expect(offline.flows[0]).toMatchObject({ state: "halted", reason: halted.flows[0]?.reason });
  expect(existsSync(`${place.destination}/a`)).toBe(true);
  expect(await place.hotdir.ask("resume", "hot")).toMatchObject({ status: 0, stdout: "hot is released; it goes on when hotdir runs.\n" });
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  expect(existsSync(`${place.destination}/a`)).toBe(false);
});

test("check ends with 4, and ssh's own words, when a destination is out of reach", async () => {
  await using place = await makePlace();
  const flow = { source: { directory: place.source }, destination: { url: "sftp://[::1]/~/inbox", ssh: ["ssh", "-p", "1"] } };
  writeFileSync(`${place.path}/hotdir.yaml`, JSON.stringify({ flows: { far: flow } }));
  const outcome = await place.hotdir.ask("check");
  expect(outcome.status).toBe(4);
  expect(outcome.stdout).toMatch(/BAD {3}connect ::1: the host cannot be reached \(ssh exit 255: ssh: connect to host ::1 port 1: /);
  expect(outcome.stdout).toContain("→ 'ssh -p 1 ::1 true' must end without an error");
});

test("Ctrl-C ends run with 130, and what was delivered stays so", async () => {
  await using place = await makePlace();
  writeFileSync(`${place.source}/a`, "a");
  place.hotdir.start();
  await place.hotdir.waitFor("delivery", ({ flows }) => flows[0]?.counts.delivered === 1);
  process.kill(place.hotdir.pid, "SIGINT");
  expect(await place.hotdir.ended(15_000)).toEqual({ status: 130, signal: null });
  expect((await place.hotdir.status()).flows[0]).toMatchObject({ state: "stopped", counts: { delivered: 1 } });
});
