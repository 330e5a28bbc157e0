import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure } from "../integration/engine-world.ts";

const kills = bySize({ everyday: 3, ci: 5, long: 300 });
/** Every manifest that is ever made has a name of its own, so that a second one would be seen beside the first. */
const MADE = /^(\d+)-\d+\.json$/;

/** By set: every file of it that was ever written, with its digest. */
type Written = Map<string, Map<string, string>>;

test(
  `kill -9 at ${kills} random moments: each set has exactly one manifest, never seen before the last member`,
  { timeout: 120_000 + kills * 6000 },
  async () => {
    const random = new Random(chooseSeed("completion"));
    await using world = await makeWorld();
    configure(world, (flow) => ({
      world: {
        ...flow,
        completion: { sets: String.raw`sets/\d+`, whole: { marker: "DONE" }, manifest: { path: "manifests/${name}-${unix}.json" } },
      },
    }));
    const written: Written = new Map();
    using watch = watchManifests(world, written);
    const stop = new AbortController();
    const writing = writeSets(world, random, written, stop.signal);
    for (let kill = 0; kill < kills; kill++) {
      world.hotdir.start();
      // Kills that never met a manifest would prove nothing.
      if (kill === 0) await waitUntil("a first manifest", () => watch.seen.length > 0, { explain: () => world.hotdir.log() });
      // From the middle of the start to well into the sending; the moment is the subject, so nothing is awaited.
      await sleep(random.between(300, 2500));
      await world.hotdir.killHard();
    }
    stop.abort();
    await writing;
    expect(await world.hotdir.runUntilIdle(90_000), world.hotdir.log()).toBe(0);
    watch.look();
    // Once more, now that it is known what each set ever had.
    for (const name of watch.seen) watch.check(name);
    expect(watch.faults).toEqual([]);
    expect(watch.seen.map((name) => MADE.exec(name)?.[1] ?? name).toSorted()).toEqual([...written.keys()].toSorted());
    expect(written.size).toBeGreaterThan(kills);
    expect((await world.hotdir.status()).flows[0]?.counts).toMatchObject({ queued: 0, sending: 0, dead: 0 });
  },
);

/** Set after set, the marker last; some in many small files, some with a large one. */
async function writeSets(world: World, random: Random, written: Written, signal: AbortSignal): Promise<void> {
  for (let set = 0; !signal.aborted; set++) {
    const files = new Map<string, string>();
    written.set(String(set), files);
    const write = (name: string, bytes: Buffer): void => {
      const path = `sets/${set}/${name}`;
      mkdirSync(`${world.source}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      files.set(path, createHash("sha256").update(bytes).digest("hex"));
      writeFileSync(`${world.source}/${path}`, bytes);
    };
    const count = random.between(1, 40);
    for (let file = 0; file < count; file++) {
      write(
        `${random.chance(0.3) ? `deep${file % 3}/` : ""}f${file}`,
        Buffer.alloc(random.chance(0.02) ? 3_000_000 : random.between(0, 20_000), file),
      );
      if (random.chance(0.2)) await sleep(random.between(0, 30));
    }
    write("DONE", Buffer.alloc(0));
    await sleep(random.between(20, 200));
  }
}

/** From outside: whenever a manifest is seen for the first time, all that its set will ever have is there, with the right bytes. */
function watchManifests(
  world: World,
  written: Written,
): Disposable & { seen: string[]; faults: string[]; look: () => void; check: (name: string) => void } {
  const seen: string[] = [];
  const faults: string[] = [];
  const check = (name: string): void => {
    const wanted = written.get(MADE.exec(name)?.[1] ?? "") ?? new Map<string, string>();
    const told = membersOf(`${world.destination}/manifests/${name}`);
    for (const [path, digest] of wanted) {
      if (told.get(path) !== digest) faults.push(`${name}: tells ${told.get(path)} of ${path}, which is ${digest}`);
      if (digestOf(`${world.destination}/${path}`) !== digest) faults.push(`${name}: ${path} is not there with its bytes`);
    }
    if (told.size !== wanted.size) faults.push(`${name}: tells of ${told.size} files, and there are ${wanted.size}`);
  };
  const look = (): void => {
    for (const name of namesIn(`${world.destination}/manifests`)) {
      if (!MADE.test(name) || seen.includes(name)) continue;
      seen.push(name);
      check(name);
    }
  };
  const timer = setInterval(look, 10);
  return { seen, faults, look, check, [Symbol.dispose]: () => clearInterval(timer) };
}

function membersOf(manifest: string): Map<string, string> {
  const { members } = JSON.parse(readFileSync(manifest, "utf8")) as { members: Array<{ path: string; digest: string }> };
  return new Map(members.map(({ path, digest }) => [path, digest]));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function digestOf(file: string): string | null {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch {
    return null;
  }
}
