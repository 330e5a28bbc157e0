import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import type { SuprsyncAgent } from "../support/suprsync-agent.ts";
import type { SuprsyncProducer, SuprsyncRow } from "../support/suprsync-producer.ts";
import { makeSuprsyncWorld, type SuprsyncWorld, type Written } from "../support/suprsync-world.ts";
import { waitUntil } from "../support/waiting.ts";

const archives = ["timestreams", "smurf"] as const;
const TIMECODE_S = 100_000;
/** So many timecodes are finalized; a later one stays open. */
const CODES = 3;

test("two agents and a writer on one database see no error and lose nothing", { timeout: 180_000 }, async () => {
  const random = new Random(chooseSeed("suprsync writers"));
  const durationMs = bySize({ everyday: 4000, ci: 10_000, long: 60_000 });
  await using world = await makeSuprsyncWorld();
  const producer = world.producer();
  await producer.create();
  const agents = archives.map((archive) => world.agent(archive));
  for (const agent of agents) agent.start();
  const until = Date.now() + durationMs;
  let count = 0;
  while (Date.now() < until) {
    // In transactions of several rows, and one by one; now and then somebody holds the lock for longer than is polite.
    const files = Array.from({ length: random.between(1, 8) }, () => newFile(world, random, timecodeNow(), count++));
    await producer.add(...files);
    if (random.between(0, 30) === 0) await (await producer.lock(1)).released;
    await sleep(random.between(0, 60));
  }
  await verified(producer, count, agents);
  expect(await wrong(world, producer)).toEqual([]);
  for (const agent of agents) {
    expect(await agent.stop(), agent.log()).toBe(0);
    expect(agent.log()).not.toMatch(/ (WARN|ERROR)|locked|SQLITE/i);
  }
});

test(
  "kills at random moments: each manifest once and not before its last member, no source gone without its copy, attempts counted once",
  {
    timeout: 300_000,
  },
  async () => {
    const random = new Random(chooseSeed("suprsync kills"));
    const kills = bySize({ everyday: 2, ci: 8, long: 100 });
    await using world = await makeSuprsyncWorld();
    const producer = world.producer();
    await producer.create();
    const agent = world.agent("smurf", { "--delete-local-after": "0", "--max-copy-attempts": "3" });
    const first = timecodeNow() - 1;
    const members = new Map<number, Written[]>(Array.from({ length: CODES + 1 }, (_, at) => [first + at, []]));
    using watch = watchManifests(world, members);
    let count = 0;
    for (let kill = 0; kill < kills; kill++) {
      agent.start();
      const code = first + Math.floor((kill * (CODES + 1)) / kills);
      const until = Date.now() + random.between(300, 2500);
      while (Date.now() < until) {
        const file = newFile(world, random, code, count++, "smurf");
        members.get(code)!.push(file);
        await producer.add(file);
        await sleep(random.between(0, 50));
      }
      await agent.killHard();
    }
    // The last timecode is open; what is not there is counted as often as was asked for, whatever was killed meanwhile.
    const last = first + CODES;
    const [missing] = await producer.add({
      local_path: join(world.directory, "none"),
      local_md5sum: "0".repeat(32),
      remote_path: `${last}/none`,
      archive_name: "smurf",
    });
    const final = newFile(world, random, last, count++, "smurf");
    members.get(last)!.push(final);
    await producer.add(final);
    agent.start();
    await waitUntil(
      "the row of a missing file is given up",
      async () => ((await rowOf(producer, missing!)).failed_copy_attempts ?? 0) >= 3,
      {
        timeoutMs: 60_000,
        explain: () => agent.log().slice(-4000),
      },
    );
    const manifests = (): string[] => manifestsIn(world);
    await waitUntil("all manifests are there", () => manifests().length >= CODES, {
      timeoutMs: 60_000,
      explain: () => agent.log().slice(-4000),
    });
    await verified(producer, count + CODES, [agent]);
    expect(await agent.stop()).toBe(0);

    expect((await rowOf(producer, missing!)).failed_copy_attempts).toBe(3);
    expect(watch.early).toEqual([]);
    const finalized = manifests().map(
      (path) => parse(readFileSync(path, "utf8")) as { timecode: number; num_files: number; archive_name: string },
    );
    expect(inOrder(finalized)).toEqual([first, first + 1, first + 2]);
    for (const { timecode, num_files: files, archive_name: archive } of finalized) {
      expect(archive).toBe("smurf");
      expect(files).toBeGreaterThanOrEqual(members.get(timecode)!.length);
    }
    expect(await wrong(world, producer)).toEqual([]);
    // What left the source is at the destination, as it was registered; what the table calls removed is gone.
    const rows = await producer.rows();
    const removed = rows.filter((row) => row.removed !== null);
    expect(removed.length).toBeGreaterThan(0);
    expect(removed.filter((row) => existsSync(row.local_path))).toEqual([]);
    const gone = rows.filter((row) => row.id !== missing && !existsSync(row.local_path));
    expect(gone.filter((row) => world.arrived(row) !== row.local_md5sum)).toEqual([]);
    const timecodes = (await producer.timecodes()).filter(({ finalized: done }) => done === 1);
    expect(inOrder(timecodes)).toEqual([first, first + 1, first + 2]);
  },
);

function inOrder(sets: Array<{ timecode: number }>): number[] {
  return sets.map(({ timecode }) => timecode).toSorted((a, b) => a - b);
}

function timecodeNow(): number {
  return Math.floor(Date.now() / 1000 / TIMECODE_S);
}

function newFile(world: SuprsyncWorld, random: Random, code: number, number: number, archive?: string): Written {
  const content = Buffer.alloc(random.between(0, 60_000), `${number} ${random.between(0, 1e9)} `);
  return world.write(archive ?? archives[number % archives.length]!, `${code}/stream ${number % 3}/${number}'s.g3`, content);
}

/** Looks at the destination all the time: a manifest that is there while a member of its timecode is not is one too early. */
function watchManifests(world: SuprsyncWorld, members: Map<number, Written[]>): Disposable & { early: string[] } {
  const early: string[] = [];
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const path of manifestsIn(world)) {
      if (seen.has(path)) continue;
      seen.add(path);
      const code = Number(/_(\d{5})_finalized/.exec(path)?.[1]);
      for (const member of members.get(code) ?? [])
        if (world.arrived(member) !== member.local_md5sum) early.push(`${path}: ${member.remote_path}`);
    }
  }, 20);
  return { early, [Symbol.dispose]: () => clearInterval(timer) };
}

function manifestsIn(world: SuprsyncWorld): string[] {
  const root = join(world.destination, "smurf");
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_finalized.yaml"))
    .map((path) => join(root, path));
}

async function rowOf(producer: SuprsyncProducer, id: number): Promise<SuprsyncRow> {
  return (await producer.rows()).find((row) => row.id === id)!;
}

/** Until so many rows are verified. */
async function verified(producer: SuprsyncProducer, count: number, agents: SuprsyncAgent[]): Promise<void> {
  await waitUntil(`${count} rows are verified`, async () => (await producer.rows()).filter(isVerified).length >= count, {
    timeoutMs: 90_000,
    everyMs: 500,
    explain: () => agents.map((agent) => agent.log().slice(-3000)).join("\n"),
  });
}

function isVerified(row: SuprsyncRow): boolean {
  return row.remote_md5sum !== null && row.remote_md5sum === row.local_md5sum;
}

/** Rows that the table calls verified, and whose bytes are not at the destination. */
async function wrong(world: SuprsyncWorld, producer: SuprsyncProducer): Promise<string[]> {
  return (await producer.rows()).filter((row) => isVerified(row) && world.arrived(row) !== row.local_md5sum).map((row) => row.remote_path);
}
