import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ChmodClause } from "../../src/flow/chmod.ts";
import { receipts } from "../../src/flow/ledger/receipts.ts";
import type { FlowSettings } from "../../src/flow/settings.ts";
import type { Bytes } from "../../src/kernel/path.ts";
import { digestOf, FetchWorld } from "../support/fetch-world.ts";
import { hostileNames } from "../support/names.ts";
import { makeOrigins } from "../support/origins.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";
import { toBuffer, walk } from "../support/walk.ts";
import { startWebServer, type WebServer } from "../support/web-server.ts";

const MTIME_S = 1_500_000_000;
const MIB = 1024 * 1024;

let sshd: TestSshd;
let temporary: Temporary;
let server: WebServer;
let world: FetchWorld | null = null;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());
beforeEach(async () => {
  temporary = await makeTemporary();
  mkdirSync(`${temporary.path}/files`);
  server = await startWebServer(`${temporary.path}/files`);
});
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = null;
  await server[Symbol.asyncDispose]();
  await temporary[Symbol.asyncDispose]();
});

/** A file at the origin, as old as the messages say by default. */
function offer(name: string, bytes: Buffer, mtimeS = MTIME_S): void {
  mkdirSync(toBuffer(`${temporary.path}/files/${name}`.replace(/\/[^/]*$/, "")), { recursive: true });
  writeFileSync(toBuffer(`${temporary.path}/files/${name}`), bytes);
  utimesSync(toBuffer(`${temporary.path}/files/${name}`), mtimeS, mtimeS);
}

async function webWorld(options: Partial<ConstructorParameters<typeof FetchWorld>[1]> = {}): Promise<FetchWorld> {
  world = new FetchWorld(temporary.path, {
    origins: makeOrigins({ stallMs: 2000, ssh: sshd.target.ssh }),
    baseUrl: server.url,
    ...options,
  });
  await world.start();
  return world;
}

const octalFor = (kind: "files" | "directories", mode: number): ChmodClause => ({
  kind: "octal",
  mode,
  files: kind === "files",
  directories: kind === "directories",
});
const there = (name: string): string => `${world!.destination}/${name}`;
const allThere = (): string[] =>
  [...walk(world!.destination)]
    .filter(({ kind }) => kind === "file")
    .map(({ path }) => path)
    .toSorted();
const gets = (): string[] => server.requests.map(({ line }) => line).filter((line) => line.startsWith("GET"));

describe("what a message announces on another host", () => {
  it("arrives by SFTP, many small files and a large one, each proved and with its time and mode", async () => {
    world = new FetchWorld(temporary.path, {
      origins: makeOrigins({ ssh: sshd.target.ssh }),
      baseUrl: `sftp://${sshd.hostAlias}${temporary.path}/files`,
    });
    await world.start();
    const files = new Map<string, Buffer>();
    for (let index = 0; index < 200; index++) files.set(`d${index % 7}/small-${index}`, randomBytes(index * 13));
    files.set("large", randomBytes(20 * MIB + 5));
    for (const [name, bytes] of files) offer(name, bytes);
    const ids = [...files].map(([relPath, bytes]) => world!.announce({ relPath, bytes }));
    for (const id of ids) expect(await world.ended(id)).toMatchObject({ kind: "delivered", method: "fetched" });
    for (const [name, bytes] of files) expect(readFileSync(there(name)).equals(bytes)).toBe(true);
    expect(allThere()).toEqual([...files.keys()].toSorted());
    expect(statSync(there("large"))).toMatchObject({ mtimeMs: MTIME_S * 1000 });
    expect(statSync(there("large")).mode & 0o7777).toBe(0o640);
    const listed = new Map([...receipts(world.db, { id: world.flow, name: "test" })].map((receipt) => [String(receipt.path), receipt]));
    for (const [name, bytes] of files) expect(listed.get(name)).toMatchObject({ basis: "digest", digest: digestOf(bytes, "sha256") });
  });

  it("goes on to another host by SFTP", async () => {
    const directory = `${temporary.path}/remote` as Bytes;
    mkdirSync(directory);
    await webWorld({ destination: { place: { kind: "sftp", ...sshd.target, directory } } });
    const bytes = randomBytes(3 * MIB);
    offer("a/b/c", bytes);
    offer("a/small", Buffer.from("small"));
    const ids = [world!.announce({ relPath: "a/b/c", bytes }), world!.announce({ relPath: "a/small", bytes: Buffer.from("small") })];
    for (const id of ids) expect(await world!.ended(id)).toMatchObject({ kind: "delivered", method: "fetched" });
    expect(readFileSync(`${directory}/a/b/c`).equals(bytes)).toBe(true);
    expect(readdirSync(`${directory}/a`).toSorted()).toEqual(["b", "small"]);
  });

  it("gets the changes of modes that are asked for, in the directories that are made for it too", async () => {
    await webWorld({
      destination: { chmod: { text: "D2770,F660", clauses: [octalFor("directories", 0o2770), octalFor("files", 0o660)] } },
    });
    offer("a/b/small", Buffer.from("small"));
    const id = world!.announce({ relPath: "a/b/small", bytes: Buffer.from("small") });
    expect(await world!.ended(id)).toMatchObject({ kind: "delivered", method: "fetched" });
    expect(["a", "a/b", "a/b/small"].map((path) => (statSync(there(path)).mode & 0o7777).toString(8))).toEqual(["2770", "2770", "660"]);
  });

  it("arrives under any name", async () => {
    await webWorld();
    const names = hostileNames.map((name, index) => `d/${name(String(index))}`);
    for (const name of names) offer(name, Buffer.from(`bytes of ${name}`, "latin1"));
    const ids = names.map((relPath) => world!.announce({ relPath, bytes: Buffer.from(`bytes of ${relPath}`, "latin1") }));
    for (const id of ids) expect(await world!.ended(id)).toMatchObject({ kind: "delivered" });
    expect(allThere()).toEqual(names.toSorted());
  });

  it("does not lead out of the destination over a symlink that stands in the way", async () => {
    await webWorld();
    mkdirSync(`${temporary.path}/outside`);
    symlinkSync(`${temporary.path}/outside`, there("way"));
    offer("way/a", Buffer.from("a"));
    expect(await world!.ended(world!.announce({ relPath: "way/a", bytes: Buffer.from("a") }))).toMatchObject({
      kind: "give-up",
      error: { code: "wrong-type" },
    });
    expect(readdirSync(`${temporary.path}/outside`)).toEqual([]);
  });

  it("is taken out of the message where it travels in there, whatever became of the origin", async () => {
    await webWorld();
    const id = world!.announce({
      relPath: "inline",
      bytes: Buffer.from("in the message"),
      inline: true,
      baseUrl: "https://no-such-host.invalid/x",
    });
    expect(await world!.ended(id)).toMatchObject({ kind: "delivered", method: "fetched" });
    expect(readFileSync(there("inline"), "utf8")).toBe("in the message");
  });

  it("is not fetched again when the message comes again, or another host was quicker", async () => {
    await webWorld();
    const bytes = randomBytes(1000);
    offer("twice", bytes);
    await world!.ended(world!.announce({ relPath: "twice", bytes }));
    offer("by-another", bytes);
    writeFileSync(there("by-another"), bytes);
    utimesSync(there("by-another"), MTIME_S, MTIME_S);
    const before = gets().length;
    for (const relPath of ["twice", "by-another"]) {
      const outcome = await world!.ended(world!.announce({ relPath, bytes }));
      expect(outcome).toMatchObject({ kind: "delivered", method: "found", receipt: { proof: { digest: digestOf(bytes, "sha256") } } });
    }
    expect(gets().length).toBe(before);
  });

  it("has the size that came, where the message told none", async () => {
    await webWorld();
    server.lies = { chunked: true };
    const bytes = randomBytes(700_000);
    offer("unsized", bytes);
    expect(await world!.ended(world!.announce({ relPath: "unsized", bytes, unsized: true }))).toMatchObject({ kind: "delivered" });
    const [receipt] = [...receipts(world!.db, { id: world!.flow, name: "test" })];
    expect(receipt).toMatchObject({ sizeBytes: bytes.length, digest: digestOf(bytes, "sha256") });
  });

  it("is fetched no faster than the flow may send", async () => {
    await webWorld({ destination: { bandwidth: [{ hours: null, bytesPerS: 2 * MIB }] } });
    const bytes = randomBytes(2 * MIB);
    offer("slow", bytes);
    const before = performance.now();
    expect(await world!.ended(world!.announce({ relPath: "slow", bytes }))).toMatchObject({ kind: "delivered" });
    expect(performance.now() - before).toBeGreaterThan(700);
  });
});

describe("an origin that is not as the message says", () => {
  it.each([
    ["gives other bytes of the same size and time", { digest: digestOf(Buffer.from("something else")) }],
    ["has an older file of another size", { sizeBytes: 99, digest: null, mtimeS: MTIME_S + 10 }],
    ["has a file of another time, and no digest was told", { digest: null, mtimeS: MTIME_S + 10 }],
  ])("%s: it is tried again, then given up, and nothing is published", async (_, said) => {
    await webWorld();
    offer("a", Buffer.from("what is there"));
    const id = world!.announce({ relPath: "a", bytes: Buffer.from("what is there"), ...said });
    expect(await world!.ended(id)).toMatchObject({ kind: "give-up", error: { code: "origin-differs" } });
    expect(world!.outcomes.filter((entry) => entry.id === id).map(({ outcome }) => outcome.kind)).toEqual([
      "back-off",
      "back-off",
      "give-up",
    ]);
    expect(allThere()).toEqual([]);
  });

  it("has a newer file: the source is looked at, and nothing is published for this message", async () => {
    await webWorld();
    offer("a", Buffer.from("newer, and longer"), MTIME_S + 100);
    const id = world!.announce({ relPath: "a", bytes: Buffer.from("older") });
    expect(await world!.outcome(id)).toMatchObject({ kind: "hand-back" });
    expect(world!.looked).toContain("a");
    expect(allThere()).toEqual([]);
  });

  it("damages bytes on the way: the digest tells", async () => {
    await webWorld();
    server.lies = { flipByte: true };
    offer("a", Buffer.from("damaged"));
    const id = world!.announce({ relPath: "a", bytes: Buffer.from("damaged") });
    expect(await world!.outcome(id)).toMatchObject({ kind: "back-off", error: { code: "origin-differs" } });
    server.lies = {};
    expect(await world!.ended(id)).toMatchObject({ kind: "delivered" });
    expect(readFileSync(there("a"), "utf8")).toBe("damaged");
  });

  it("does not have the file: not yet, while the message is young; then it is gone", async () => {
    await webWorld({ retry: { attemptsMax: 100, backoff: { minMs: 20, maxMs: 50 } } });
    const late = world!.announce({ relPath: "late", bytes: Buffer.from("late") });
    expect(await world!.outcome(late)).toMatchObject({ kind: "back-off", error: { code: "origin-lacks" } });
    offer("late", Buffer.from("late"));
    expect(await world!.ended(late)).toMatchObject({ kind: "delivered" });
    const gone = world!.announce({ relPath: "gone", bytes: Buffer.from("gone"), pubTimeMs: Date.now() - 3600_000 });
    expect(await world!.ended(gone)).toMatchObject({ kind: "superseded" });
  });

  it("is out of reach: files of others arrive meanwhile, no attempt is counted, and it is fetched from when it is back", async () => {
    await webWorld();
    await using away = await startWebServer(`${temporary.path}/files`);
    away.lies = { status: 503 };
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    for (const name of names) offer(name, Buffer.from(name));
    const waiting = names.slice(0, 20).map((relPath) => world!.announce({ relPath, bytes: Buffer.from(relPath), baseUrl: away.url }));
    const dead = world!.announce({ relPath: "f0/x", bytes: Buffer.from("x"), baseUrl: "sftp://no-such-host.invalid/" });
    const arriving = names.slice(20).map((relPath) => world!.announce({ relPath, bytes: Buffer.from(relPath) }));
    for (const id of arriving) expect(await world!.ended(id)).toMatchObject({ kind: "delivered" });
    expect(await world!.outcome(dead)).toMatchObject({ kind: "hand-back" });
    expect(await world!.outcome(waiting[0]!)).toMatchObject({ kind: "hand-back" });
    away.lies = {};
    for (const id of waiting) expect(await world!.ended(id)).toMatchObject({ kind: "delivered" });
    expect(world!.db.all<{ failures: number }>("SELECT failures FROM transfer WHERE failures > 0")).toEqual([]);
  });
});

describe("a large file whose connection is cut", () => {
  const bytes = randomBytes(40 * MIB);
  const ranges = (): string[] => server.requests.map(({ headers }) => headers.range).filter((range) => range !== undefined);
  const patient: FlowSettings["retry"] = { attemptsMax: 2, backoff: { minMs: 20, maxMs: 50 } };

  it.each([
    ["with a digest in the message", digestOf(bytes)],
    ["without one", null],
  ])("is gone on with, %s, and no attempt is counted while it gets on", async (_, digest) => {
    await webWorld({ retry: patient });
    offer("large", bytes);
    server.lies = { cutAfter: 20 * MIB, cuts: 1 };
    const id = world!.announce({ relPath: "large", bytes, digest });
    expect(await world!.ended(id, 60_000)).toMatchObject({
      kind: "delivered",
      method: "fetched",
      receipt: { proof: { digest: digestOf(bytes, "sha256") } },
    });
    expect(world!.outcomes.map(({ outcome }) => outcome.kind)).toEqual(["hand-back", "delivered"]);
    expect(ranges().length).toBeGreaterThan(0);
    expect(readFileSync(there("large")).equals(bytes)).toBe(true);
    expect(allThere()).toEqual(["large"]);
  });

  it("is begun anew where it is another version by now: two are never mixed", async () => {
    await webWorld({ retry: patient });
    offer("large", bytes);
    server.lies = { cutAfter: 20 * MIB, cuts: 1 };
    const id = world!.announce({ relPath: "large", bytes, digest: null });
    await world!.outcome(id);
    const other = randomBytes(40 * MIB);
    offer("large", other);
    expect(await world!.ended(id, 60_000)).toMatchObject({ kind: "delivered", receipt: { proof: { digest: digestOf(other, "sha256") } } });
    expect(readFileSync(there("large")).equals(other)).toBe(true);
  });

  it("is gone on with by the next life of the daemon, and judged by the message's digest", async () => {
    await webWorld({ retry: patient });
    offer("large", bytes);
    server.lies = { stuckAfter: 20 * MIB };
    const id = world!.announce({ relPath: "large", bytes });
    await waitUntil("two parts", () => world!.db.all("SELECT start FROM segment WHERE transfer = ?", id).length >= 2);
    await world!.stop();
    server.lies = {};
    await world!.start();
    expect(await world!.ended(id, 60_000)).toMatchObject({ kind: "delivered", receipt: { proof: { digest: digestOf(bytes, "sha256") } } });
    expect(ranges().length).toBeGreaterThan(0);
    expect(readFileSync(there("large")).equals(bytes)).toBe(true);
    expect(allThere()).toEqual(["large"]);
  });

  it("is not published where what was gone on with was damaged meanwhile", async () => {
    await webWorld({ retry: patient });
    offer("large", bytes);
    server.lies = { stuckAfter: 20 * MIB };
    const id = world!.announce({ relPath: "large", bytes });
    await waitUntil("two parts", () => world!.db.all("SELECT start FROM segment WHERE transfer = ?", id).length >= 2);
    await world!.stop();
    const [part] = allThere();
    const damaged = readFileSync(there(part!));
    damaged[1000] = damaged[1000]! ^ 1;
    writeFileSync(there(part!), damaged);
    server.lies = {};
    await world!.start();
    expect(await world!.outcome(id)).toBeDefined();
    expect(await world!.ended(id, 60_000)).toMatchObject({ kind: "delivered" });
    expect(world!.outcomes.some(({ outcome }) => outcome.kind === "back-off")).toBe(true);
    expect(readFileSync(there("large")).equals(bytes)).toBe(true);
  });

  it("is given up where the origin always cuts before a part is whole", async () => {
    await webWorld({ retry: patient });
    offer("large", bytes);
    server.lies = { cutAfter: 2 * MIB };
    expect(await world!.ended(world!.announce({ relPath: "large", bytes }))).toMatchObject({
      kind: "give-up",
      error: { code: "origin-cut" },
    });
    expect(existsSync(there("large"))).toBe(false);
    expect(allThere()).toEqual([]);
  });
});
