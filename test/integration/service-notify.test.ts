import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { datagramsTo } from "../../src/kernel/datagram.ts";
import { openNotifySocket } from "../support/notify-socket.ts";
import { childrenOf, isAlive } from "../support/processes.ts";
import { makeTemporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

test("systemd is told when it is ready, how the flows stand, that it is alive, and that it stops", async () => {
  await using world = await makeWorld({ proxied: true });
  await using socket = await openNotifySocket(`${world.directory}/notify`);
  world.place.env = { NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "400000" };
  writeFileSync(`${world.source}/a`, "content");
  world.hotdir.start();
  const ready = await socket.wait(/^READY=1$/);
  expect(socket.datagrams[ready]?.lines).toEqual(["READY=1", `MAINPID=${world.hotdir.pid}`]);
  await socket.wait(/^STATUS=world running/);
  await waitUntil("a lane", () => childrenOf(world.hotdir.pid, "ssh")[0]);
  for (const pid of childrenOf(world.hotdir.pid, "ssh")) {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("HOTDIR_CHILD_OF=");
    expect(environment).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_USEC/);
  }
  await world.proxy.set({ connections: "refuse" });
  await world.proxy.reset();
  writeFileSync(`${world.source}/b`, "content");
  await socket.wait(/^STATUS=world waiting \(.+\)$/);
  const alive = (): number => socket.datagrams.filter(({ lines }) => lines.includes("WATCHDOG=1")).length;
  const before = alive();
  await waitUntil("five signs of life", () => alive() >= before + 5);
  expect(await world.hotdir.stop()).toBe(0);
  const stopping = await socket.wait(/^STOPPING=1$/);
  // What happened last is what systemd shows last.
  expect(socket.datagrams.slice(stopping + 1).flatMap(({ lines }) => lines.filter((line) => line.startsWith("STATUS=")))).toEqual([]);
  const statuses = socket.datagrams.flatMap(({ lines }) => lines.filter((line) => line.startsWith("STATUS=")));
  expect(statuses.some((status, at) => at > 0 && status === statuses[at - 1])).toBe(false);
});

test("a main loop that hangs gives no sign of life", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using socket = await openNotifySocket(`@hotdir-test-${process.pid}`);
  world.place.env = { NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "200000" };
  world.hotdir.start();
  await socket.wait(/^WATCHDOG=1$/);
  process.kill(world.hotdir.pid, "SIGSTOP");
  const from = socket.datagrams.length;
  // As long as systemd would wait five times over.
  const endMs = performance.now() + 1000;
  await waitUntil("a second of silence", () => performance.now() > endMs);
  expect(socket.datagrams.length - from).toBeLessThanOrEqual(1);
  process.kill(world.hotdir.pid, "SIGCONT");
  await socket.wait(/^WATCHDOG=1$/, from + 1);
});

test("a reload is told with its time, and is over also when the new configuration is refused", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using socket = await openNotifySocket(`${world.directory}/notify`);
  world.place.env = { NOTIFY_SOCKET: socket.address };
  world.hotdir.start();
  let from = (await socket.wait(/^READY=1$/)) + 1;
  for (const configuration of [readFileSync(world.place.configFile, "utf8"), "flows: {}"]) {
    writeFileSync(world.place.configFile, configuration);
    process.kill(world.hotdir.pid, "SIGHUP");
    const reloading = await socket.wait(/^RELOADING=1$/, from);
    const [, time = ""] = /^MONOTONIC_USEC=(\d+)$/.exec(socket.datagrams[reloading]?.lines[1] ?? "") ?? [];
    // The same clock as ours: of this very machine since its boot.
    expect(Math.abs(Number(time) / 1e6 - Number(process.hrtime.bigint()) / 1e9)).toBeLessThan(30);
    from = (await socket.wait(/^READY=1$/, reloading)) + 1;
  }
  expect(isAlive(world.hotdir.pid)).toBe(true);
});

test("a socket that is gone, or an address that is none, keeps nobody from working", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using socket = await openNotifySocket(`${world.directory}/notify`);
  world.place.env = { NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "100000" };
  world.hotdir.start();
  await socket.wait(/^READY=1$/);
  await socket[Symbol.asyncDispose]();
  rmSync(socket.address);
  writeFileSync(`${world.source}/a`, "content");
  await world.hotdir.waitIdle(1);
  expect(await world.hotdir.stop()).toBe(0);
  for (const address of ["", "relative", "vsock:2:1234", `/${"x".repeat(200)}`]) expect(datagramsTo(address)).toBe(null);
});

test("a name in the abstract namespace is reached, and only by its whole name", async () => {
  await using temporary = await makeTemporary();
  const name = `@hotdir-${temporary.path}`;
  await using socket = await openNotifySocket(name);
  using datagrams = datagramsTo(name);
  using other = datagramsTo(`${name}x`);
  expect([datagrams?.send("READY=1\nSTATUS=é"), other?.send("READY=1")]).toEqual([true, false]);
  expect(socket.datagrams[await socket.wait(/READY/)]?.lines).toEqual(["READY=1", "STATUS=é"]);
});
