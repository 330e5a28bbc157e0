import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hotdirProgram, Hotdir } from "../support/daemon.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, isThere, writeFiles } from "./engine-world.ts";

const ADDRESS = "10.99.0.7";

/** A host of its own: a network namespace, in which a daemon runs on its own state and on the world's source and destination. */
class Host implements AsyncDisposable {
  readonly hotdir: Hotdir;
  readonly #name: string;
  readonly #world: World;
  #child: ChildProcess | null = null;

  constructor(world: World, serial: number) {
    this.#name = `hotdir-test-${process.pid}-${serial}`;
    this.#world = world;
    execFileSync("ip", ["netns", "add", this.#name]);
    this.#ip("link", "set", "lo", "up");
    const state = `${world.directory}/state-${serial}`;
    this.hotdir = new Hotdir({ ...world.place, stateDirectory: state, logFile: `${state}.log` });
  }

  #ip(...args: string[]): void {
    execFileSync("ip", ["-n", this.#name, ...args]);
  }

  hold(): void {
    this.#ip("address", "add", `${ADDRESS}/32`, "dev", "lo");
  }

  release(): void {
    this.#ip("address", "del", `${ADDRESS}/32`, "dev", "lo");
  }

  start(serial: number, ...more: string[]): void {
    const state = `${this.#world.directory}/state-${serial}`;
    const log = openSync(`${state}.log`, "a");
    const args = ["netns", "exec", this.#name, hotdirProgram, "run", "-c", this.#world.place.configFile, "--state-dir", state, ...more];
    this.#child = spawn("ip", args, { stdio: ["ignore", log, log] });
    closeSync(log);
  }

  async ended(): Promise<number | null> {
    if (this.#child?.exitCode === null) await once(this.#child, "exit", { signal: AbortSignal.timeout(30_000) });
    return this.#child?.exitCode ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== null && this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "exit");
    }
    execFileSync("ip", ["netns", "delete", this.#name]);
  }
}

const stateOf = async (host: Host): Promise<string | undefined> => (await host.hotdir.status()).flows[0]?.state;
const becomes = (host: Host, state: string): Promise<true> =>
  waitUntil(`a host that is ${state}`, async () => ((await stateOf(host)) === state ? true : null), {
    everyMs: 200,
    explain: () => host.hotdir.log(),
  });

test("the host that holds the address is active, the other takes over with it, and nothing is sent twice in effect", async () => {
  await using world = await makeWorld({ destination: "file" });
  configure(world, (flow) => ({ world: { ...flow, vip: ADDRESS } }));
  await using first = new Host(world, 1);
  await using second = new Host(world, 2);
  first.hold();
  first.start(1);
  second.start(2);
  await becomes(first, "running");
  await becomes(second, "paused");
  const names = Array.from({ length: 20 }, (_, at) => `file-${at}`);
  writeFiles(world.source, Object.fromEntries(names.map((name) => [name, name])));
  await first.hotdir.waitIdle(names.length);
  expect((await second.hotdir.status()).flows[0]).toMatchObject({ state: "paused", counts: { delivered: 0 } });
  expect((await second.hotdir.status()).flows[0]?.reason).toContain(`does not hold ${ADDRESS}`);

  expect((await first.hotdir.ask("check")).stdout).toContain(`this host does not hold ${ADDRESS}: the flow is passive here`);

  first.release();
  await becomes(first, "paused");
  writeFiles(world.source, { late: "while nobody was active" });
  second.hold();
  await becomes(second, "running");
  await second.hotdir.waitIdle(names.length + 1);
  const methods = (
    JSON.parse((await second.hotdir.ask("receipts", "--format", "json")).stdout) as Array<{ path: string; method: string }>
  ).map(({ path, method }) => `${path} ${method === "found" ? "found" : "sent"}`);
  expect(methods.toSorted()).toEqual([...names.map((name) => `${name} found`), "late sent"].toSorted());
  expect((await first.hotdir.status()).flows[0]).toMatchObject({ state: "paused", counts: { delivered: names.length } });

  // And back: what the second delivered meanwhile, the first finds there.
  second.release();
  await becomes(second, "paused");
  first.hold();
  await first.hotdir.waitIdle(names.length + 1);
  expect((await first.hotdir.status()).flows[0]).toMatchObject({ state: "running", counts: { delivered: names.length + 1 } });
});

test("a run that ends when idle delivers on the active host, and tells on the other that it stands by", async () => {
  await using world = await makeWorld({ destination: "file" });
  configure(world, (flow) => ({ world: { ...flow, vip: ADDRESS } }));
  writeFiles(world.source, { one: "1" });
  await using standby = new Host(world, 1);
  await using active = new Host(world, 2);
  active.hold();
  standby.start(1, "--until-idle");
  expect(await standby.ended(), standby.hotdir.log()).toBe(1);
  expect(isThere(`${world.destination}/one`)).toBe(false);
  expect(readFileSync(`${world.directory}/state-1.log`, "utf8")).toContain(`does not hold ${ADDRESS}`);
  active.start(2, "--until-idle");
  expect(await active.ended(), readFileSync(`${world.directory}/state-2.log`, "utf8")).toBe(0);
  expect(isThere(`${world.destination}/one`)).toBe(true);
});
