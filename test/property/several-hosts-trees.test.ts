import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { rel } from "../support/ledger.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { slowDestination } from "../support/slow-destination.ts";
import { makeHosts, type SubscribedHosts, treeOf } from "../support/subscribed-hosts.ts";

const names = ["a", "d", "d/a", "d/e", "d/e/x", "e", "e/a"];
const HOSTS = 3;

/** Directories that move and go with what is in them, and names that become something else; each told as a watch tells it. */
class Worker {
  readonly #hosts: SubscribedHosts;
  readonly #random: Random;
  readonly did: string[] = [];
  #made = 0;

  constructor(hosts: SubscribedHosts, random: Random) {
    this.#hosts = hosts;
    this.#random = random;
  }

  #at(path: string): string {
    return join(this.#hosts.source, path);
  }

  #kind(path: string): "none" | "directory" | "file" | "link" {
    const parent = dirname(path);
    if (parent !== "." && this.#kind(parent) !== "directory") return "none";
    const found = lstatSync(this.#at(path), { throwIfNoEntry: false });
    return found === undefined ? "none" : found.isDirectory() ? "directory" : found.isFile() ? "file" : "link";
  }

  #told(path: string): void {
    this.#hosts.tell(this.#hosts.seen(path));
  }

  #tellAllIn(path: string): void {
    for (const name of readdirSync(this.#at(path))) {
      this.#told(`${path}/${name}`);
      if (this.#kind(`${path}/${name}`) === "directory") this.#tellAllIn(`${path}/${name}`);
    }
  }

  #makeParents(path: string): void {
    const parent = dirname(path);
    if (parent === "." || this.#kind(parent) === "directory") return;
    this.#makeParents(parent);
    this.remove(parent);
    mkdirSync(this.#at(parent));
    this.#told(parent);
  }

  remove(path: string): void {
    const kind = this.#kind(path);
    if (kind === "none") return;
    if (kind !== "directory") rmSync(this.#at(path));
    else {
      for (const name of readdirSync(this.#at(path))) this.remove(`${path}/${name}`);
      rmdirSync(this.#at(path));
    }
    this.#hosts.tell({ kind: kind === "directory" ? "rmdir" : "delete", path: rel(path) });
    this.did.push(`rm ${path}`);
  }

  make(path: string, kind: "file" | "link" | "directory"): void {
    this.#makeParents(path);
    const isKept = kind === this.#kind(path) && kind !== "link";
    if (!isKept) this.remove(path);
    if (kind === "file") writeFileSync(this.#at(path), `${path} ${this.#made++}`);
    else if (kind === "link") symlinkSync(`to${this.#made++}`, this.#at(path));
    else if (!existsSync(this.#at(path))) mkdirSync(this.#at(path));
    this.#told(path);
    this.did.push(`${kind} ${path}`);
  }

  move(from: string, to: string): void {
    if (from === to || this.#kind(from) === "none" || `${to}/`.startsWith(`${from}/`) || `${from}/`.startsWith(`${to}/`)) return;
    this.#makeParents(to);
    if (this.#kind(from) === "none") return;
    this.remove(to);
    renameSync(this.#at(from), this.#at(to));
    this.#hosts.tell(this.#hosts.renamed(from, to));
    if (this.#kind(to) === "directory") this.#tellAllIn(to);
    this.did.push(`mv ${from} ${to}`);
  }

  /** Anything. */
  act(): void {
    const path = this.#random.pick(names);
    const luck = this.#random.between(1, 10);
    if (luck <= 4) this.make(path, "file");
    else if (luck <= 5) this.make(path, this.#random.pick(["link", "directory"] as const));
    else if (luck <= 7) this.remove(path);
    else this.move(path, this.#random.pick(names));
  }
}

async function expectConvergence(seed: number): Promise<void> {
  const random = new Random(seed);
  await using stack = new AsyncDisposableStack();
  stack.use(slowDestination(() => (random.chance(0.3) ? random.between(1, 60) : 0)));
  const hosts = stack.use(await makeHosts({}, { retry: { attemptsMax: 12, backoff: { minMs: 50, maxMs: 2000 } } }));
  hosts.broker.paceMs = () => (random.chance(0.3) ? random.between(1, 15) : 0);
  for (let n = 1; n <= HOSTS; n++) hosts.start(`host ${n}`);
  const worker = new Worker(hosts, random);
  for (let step = 0; step < 50; step++) {
    worker.act();
    if (random.chance(0.7)) await sleep(random.between(0, 40));
  }
  await hosts.untilQuiet(30_000).catch((error: unknown) => {
    throw new Error(`seed ${seed}: ${String(error)}\n${worker.did.join("\n")}`);
  });
  const [wanted, there] = [treeOf(hosts.source), treeOf(hosts.destination)];
  if (JSON.stringify(wanted) === JSON.stringify(there)) return;
  throw new Error(`seed ${seed}: ${JSON.stringify({ wanted, there })}\n${worker.did.join("; ")}\n${hosts.story()}`);
}

const seeds = bySize({ everyday: 2, ci: 5, long: 500 });

test(
  `with ${HOSTS} hosts on one queue trees that move, go and change their kind end as at the source`,
  { timeout: seeds * 60_000 },
  async () => {
    const first = chooseSeed("trees of several hosts");
    for (let seed = first; seed < first + seeds; seed++) await expectConvergence(seed);
  },
);
