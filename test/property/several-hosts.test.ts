import { existsSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { rel } from "../support/ledger.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { slowDestination } from "../support/slow-destination.ts";
import { makeHosts, type SubscribedHosts, treeOf } from "../support/subscribed-hosts.ts";

const files = ["a", "b", "c", "d/a", "d/b", "e/a"];
const HOSTS = 4;

/** What happens at the source, each told by a message right after it, as a watch does. */
class Worker {
  readonly #hosts: SubscribedHosts;
  readonly #random: Random;
  readonly did: string[] = [];
  #writes = 0;

  constructor(hosts: SubscribedHosts, random: Random) {
    this.#hosts = hosts;
    this.#random = random;
  }

  #at(path: string): string {
    return join(this.#hosts.source, path);
  }

  #isFile(path: string): boolean {
    return lstatSync(this.#at(path), { throwIfNoEntry: false })?.isFile() === true;
  }

  #makeParent(path: string): void {
    const parent = dirname(path);
    if (parent === "." || existsSync(this.#at(parent))) return;
    mkdirSync(this.#at(parent));
    this.#hosts.tell(this.#hosts.seen(parent));
    this.did.push(`mkdir ${parent}`);
  }

  write(path: string): void {
    this.#makeParent(path);
    writeFileSync(this.#at(path), `${path} ${++this.#writes} ${"x".repeat(this.#writes % 17)}`);
    this.#hosts.tell(this.#hosts.seen(path));
    this.did.push(`write ${path}`);
  }

  remove(path: string): void {
    if (!this.#isFile(path)) return;
    rmSync(this.#at(path));
    this.#hosts.tell(this.#hosts.seen(path));
    this.did.push(`rm ${path}`);
  }

  rename(from: string, to: string): void {
    if (!this.#isFile(from) || from === to) return;
    this.#makeParent(to);
    renameSync(this.#at(from), this.#at(to));
    this.#hosts.tell(this.#hosts.renamed(from, to));
    this.did.push(`mv ${from} ${to}`);
  }

  removeDirectory(path: string): void {
    try {
      rmdirSync(this.#at(path));
    } catch {
      return;
    }
    this.#hosts.tell({ kind: "rmdir", path: rel(path) });
    this.did.push(`rmdir ${path}`);
  }

  /** Anything. */
  act(): void {
    const path = this.#random.pick(files);
    const luck = this.#random.between(1, 10);
    if (luck <= 5) this.write(path);
    else if (luck <= 7) this.remove(path);
    else if (luck <= 9) this.rename(path, this.#random.pick(files));
    else this.removeDirectory(this.#random.pick(["d", "e"]));
  }
}

/** Hosts come, go and lose their connection while work is done. */
async function disturb(hosts: SubscribedHosts, random: Random, did: string[]): Promise<void> {
  const host = random.pick(hosts.hosts);
  const luck = random.between(1, 4);
  if (luck === 1) {
    did.push("cut");
    hosts.broker.cut();
  } else if (luck === 2) {
    did.push(`kill ${host.name}`);
    await hosts.kill(host);
    if (random.chance(0.8)) hosts.start(host.name);
    else hosts.start(`${host.name}'`);
  } else if (luck === 3) {
    did.push(`restart ${host.name}`);
    await hosts.stop(host);
    hosts.start(host.name);
  } else {
    did.push(`pause ${host.name}`);
    host.flow.hold("person", "for a moment");
    await sleep(random.between(0, 20));
    host.flow.hold("person", null);
  }
}

async function expectConvergence(seed: number, disturbed: boolean): Promise<void> {
  const random = new Random(seed);
  await using stack = new AsyncDisposableStack();
  stack.use(slowDestination(() => (random.chance(0.3) ? random.between(1, 60) : 0)));
  const hosts = stack.use(await makeHosts());
  hosts.broker.paceMs = () => (random.chance(0.3) ? random.between(1, 15) : 0);
  for (let n = 1; n <= HOSTS; n++) hosts.start(`host ${n}`);
  const worker = new Worker(hosts, random);
  // All are connected by then.
  for (let n = 0; n < 3 * HOSTS; n++) worker.write(random.pick(files));
  await hosts.untilQuiet();
  for (let step = 0; step < 60; step++) {
    worker.act();
    if (random.chance(0.7)) await sleep(random.between(0, 40));
    if (disturbed && random.chance(0.08)) await disturb(hosts, random, worker.did);
  }
  await hosts.untilQuiet(60_000).catch((error: unknown) => {
    throw new Error(`seed ${seed}: ${String(error)}\n${worker.did.join("\n")}`);
  });
  const [wanted, there] = [treeOf(hosts.source), treeOf(hosts.destination)];
  if (JSON.stringify(wanted) === JSON.stringify(there)) return;
  throw new Error(`seed ${seed}: ${JSON.stringify({ wanted, there })}\n${worker.did.join("\n")}\n${hosts.story()}`);
}

const seeds = bySize({ everyday: 5, ci: 50, long: 1000 });

for (const disturbed of [false, true]) {
  test(
    `with ${HOSTS} hosts on one queue the destination ends as the source${disturbed ? ", whatever becomes of the hosts" : ""}`,
    { timeout: seeds * 60_000 },
    async () => {
      const first = chooseSeed("several hosts");
      for (let seed = first; seed < first + seeds; seed++) await expectConvergence(seed, disturbed);
    },
  );
}
