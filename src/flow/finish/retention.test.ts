import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { makeLedger, put, flowSettings, standingClock, type TestLedger } from "../../../test/support/ledger.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, bytesOfText, type RelPath } from "../../kernel/path.ts";
import { newest, recordQueued } from "../ledger/admissions.ts";
import { claim } from "../ledger/claims.ts";
import { registerFlow } from "../ledger/flows.ts";
import { type Outcome, recordOutcomes } from "../ledger/outcomes.ts";
import { beginRemoval } from "../ledger/retention.ts";
import { storyOf } from "../ledger/story.ts";
import { SourceReader } from "../read/source-reader.ts";
import type { RetainSettings, LocalSource } from "../settings.ts";
import { versionOf } from "../version.ts";
import { captureName, isCapture } from "./capture-name.ts";
import { type FlowEntry, Retention } from "./retention.ts";

type Setting = AsyncDisposable & {
  ledger: TestLedger;
  source: string;
  clock: ReturnType<typeof standingClock>;
  flows: FlowEntry[];
  reader: SourceReader;
  lines: string[];
};

async function setting(): Promise<Setting> {
  const ledger = await makeLedger();
  const source = join(ledger.stateDirectory, "source");
  mkdirSync(source);
  const reader = new SourceReader();
  return {
    ledger,
    source,
    clock: standingClock(),
    flows: [],
    reader,
    lines: [],
    async [Symbol.asyncDispose]() {
      await reader[Symbol.asyncDispose]();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

function addFlow(at: Setting, name: string, retain: RetainSettings, source: Partial<LocalSource> = {}): FlowEntry {
  const root = bytesOfText(at.source) as AbsPath;
  const settings = flowSettings({ name, retain, source: { root, ...source } });
  const entry = { id: registerFlow(at.ledger.db, { name, root, destination: "there" }), settings };
  at.flows.push(entry);
  return entry;
}

const remove: RetainSettings = { kind: "delete", afterMs: 0, emptyDirectoriesAfterMs: null };

function deliver(at: Setting, flow: FlowEntry, name: string, basis: "digest" | "size" = "digest"): number {
  const path = join(at.source, name);
  const version = versionOf(lstatSync(path, { bigint: true }));
  const { db, run } = at.ledger;
  const id = recordQueued(db, flow.id, { ...put(name), version }, { wall: 1, steady: 1 });
  const [transfer] = claim(db, { flow: flow.id, run, bulk: false, limit: 1, now: at.clock.now, busy: () => false });
  const hex = createHash("sha256").update("content").digest("hex");
  const proof = basis === "digest" ? { basis, digest: { algorithm: "sha256", hex } as const } : { basis };
  const due = basis === "digest" && flow.settings.retain.kind !== "keep";
  const retain = due ? ({ kind: "due", at: at.clock.now } as const) : ({ kind: "keep" } as const);
  const outcome: Outcome = { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain };
  recordOutcomes(db, [{ transfer: transfer!, outcome, startedAtMs: 1, bytes: 1 }], 1);
  return id;
}

async function settle(at: Setting, flow: FlowEntry, halted = false): Promise<void> {
  const note = (text: string): void => void at.lines.push(text);
  const log = { ...silentLog, info: note, warn: note };
  await using retention = new Retention({
    db: at.ledger.db,
    flow,
    all: () => at.flows,
    reader: at.reader,
    clock: at.clock,
    log,
    halted: () => halted,
  });
  at.clock.now += 60_000;
  await retention.settle();
}

function write(at: Setting, name: string): void {
  writeFileSync(join(at.source, name), "content");
}

const files = (at: Setting): string[] => readdirSync(at.source).sort();
const retainOf = (at: Setting, id: number): unknown =>
  at.ledger.db.get<{ retain: string | null }>("SELECT retain FROM transfer WHERE id = ?", id)?.retain;

test("a delivered file is removed when its time has come, and its disappearance is known to be ours", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  write(at, "f");
  const id = deliver(at, flow, "f");
  await settle(at, flow);
  expect(files(at)).toEqual([]);
  expect(retainOf(at, id)).toBe("removed");
  expect(newest(at.ledger.db, flow.id, "f" as RelPath)?.removedByUs).toBe(true);
});

test("of two flows that share a source neither removes a file before both have their receipt", async () => {
  await using at = await setting();
  const [one, two] = [addFlow(at, "one", remove), addFlow(at, "two", remove)];
  write(at, "f");
  deliver(at, one, "f");
  await settle(at, one);
  await settle(at, two);
  expect(files(at)).toEqual(["f"]);
  expect(at.lines).toEqual(["f: stays in the source: not yet delivered by two; asked again later"]);
  deliver(at, two, "f");
  await settle(at, one);
  expect(files(at)).toEqual([]);
  await settle(at, two);
  expect(at.ledger.db.all("SELECT retain FROM transfer")).toEqual([{ retain: "removed" }, { retain: "removed" }]);
});

test("the other flow's receipt counts only for this version, and only by digest", async () => {
  await using at = await setting();
  const [one, two] = [addFlow(at, "one", remove), addFlow(at, "two", { kind: "keep" })];
  write(at, "f");
  deliver(at, two, "f");
  writeFileSync(join(at.source, "f"), "content"); // a newer version of the same bytes
  deliver(at, one, "f");
  write(at, "g");
  deliver(at, one, "g");
  deliver(at, two, "g", "size");
  await settle(at, one);
  expect(files(at)).toEqual(["f", "g"]);
});

test("a flow that does not want a file, or watches elsewhere, holds nothing up", async () => {
  await using at = await setting();
  const one = addFlow(at, "one", remove);
  addFlow(at, "rejects", { kind: "keep" }, { reject: [/^f$/] });
  addFlow(at, "no files", { kind: "keep" }, { propagate: new Set(["mkdir"] as const) });
  addFlow(at, "elsewhere", { kind: "keep" }, { root: bytesOfText(`${at.source}-other`) as AbsPath });
  addFlow(at, "posted", { kind: "keep" }, { kind: "posted" });
  write(at, "f");
  deliver(at, one, "f");
  await settle(at, one);
  expect(files(at)).toEqual([]);
});

test("a flow whose source lies above or below sees the same file under another path", async () => {
  await using at = await setting();
  mkdirSync(join(at.source, "sub"));
  const upper = addFlow(at, "upper", remove);
  const lower = addFlow(at, "lower", { kind: "keep" }, { root: bytesOfText(join(at.source, "sub")) as AbsPath });
  write(at, "sub/f");
  deliver(at, upper, "sub/f");
  await settle(at, upper);
  expect(existsSync(join(at.source, "sub/f"))).toBe(true);
  const version = versionOf(lstatSync(join(at.source, "sub/f"), { bigint: true }));
  const { db, run } = at.ledger;
  recordQueued(db, lower.id, { ...put("f"), version }, { wall: 1, steady: 1 });
  const [transfer] = claim(db, { flow: lower.id, run, bulk: false, limit: 1, now: at.clock.now, busy: () => false });
  const receipt = { proof: { basis: "digest", digest: { algorithm: "sha256", hex: "00" } }, durable: true } as const;
  recordOutcomes(
    db,
    [{ transfer: transfer!, outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } }, startedAtMs: 1, bytes: 1 }],
    1,
  );
  await settle(at, upper);
  expect(existsSync(join(at.source, "sub/f"))).toBe(false);
});

test("a file of which a newer version was seen stays, and its old receipt lets nothing go any more", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  write(at, "f");
  const id = deliver(at, flow, "f");
  recordQueued(at.ledger.db, flow.id, put("f", 9), { wall: 1, steady: 1 });
  await settle(at, flow);
  expect(files(at)).toEqual(["f"]);
  expect(retainOf(at, id)).toBeNull();
});

test("while the source is not as it was, nothing in it is touched", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  write(at, "f");
  const id = deliver(at, flow, "f");
  await settle(at, flow, true);
  expect(files(at)).toEqual(["f"]);
  expect(retainOf(at, id)).toBe("due");
});

test("a removal that a kill interrupted is ended at the next start", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  write(at, "f");
  const id = deliver(at, flow, "f");
  beginRemoval(at.ledger.db, id);
  await settle(at, flow);
  expect(files(at)).toEqual([]);
  expect(retainOf(at, id)).toBe("removed");
});

test("of hosts that share a source none takes what another has in hand for its own, though their ledgers count alike", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  const shared = { ...flow, settings: { ...flow.settings, vip: "10.1.2.3" } };
  write(at, "f");
  const id = deliver(at, flow, "f");
  // The other host is about to remove a file of its own, which has the same number there.
  const others = captureName(id);
  writeFileSync(join(at.source, others), "another file");
  await settle(at, shared);
  expect(files(at)).toEqual([others]);
  expect(readFileSync(join(at.source, others), "utf8")).toBe("another file");
  expect(isCapture(captureName(id, "0a1b2") as RelPath)).toBe(true);
});

test("an interrupted removal is undone where another flow has come to want the file", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", remove);
  write(at, captureName(1));
  const { db } = at.ledger;
  const version = versionOf(lstatSync(join(at.source, captureName(1)), { bigint: true }));
  recordQueued(db, flow.id, { ...put("f"), version }, { wall: 1, steady: 1 });
  const [transfer] = claim(db, { flow: flow.id, run: at.ledger.run, bulk: false, limit: 1, now: at.clock.now, busy: () => false });
  expect(transfer!.id).toBe(1);
  const receipt = {
    proof: { basis: "digest", digest: { algorithm: "sha256", hex: createHash("sha256").update("content").digest("hex") } },
    durable: true,
  } as const;
  recordOutcomes(
    db,
    [
      {
        transfer: transfer!,
        outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "due", at: 1 } },
        startedAtMs: 1,
        bytes: 1,
      },
    ],
    1,
  );
  beginRemoval(db, 1);
  addFlow(at, "two", { kind: "keep" });
  await settle(at, flow);
  expect(files(at)).toEqual(["f"]);
  expect(retainOf(at, 1)).toBe("due");
});

test("a file that may not be removed is reported once, told of with its reason, holds no other up, and goes once it may", async () => {
  await using at = await setting();
  // A file stands where the holding area's directory would be made.
  const hold = join(at.ledger.stateDirectory, "hold");
  mkdirSync(hold);
  writeFileSync(join(hold, "d"), "in the way");
  const flow = addFlow(at, "one", { kind: "hold", directory: bytesOfText(hold) as AbsPath, emptyDirectoriesAfterMs: 0 });
  mkdirSync(join(at.source, "d"));
  for (const path of ["d/first", "d/second", "third"]) {
    write(at, path);
    deliver(at, flow, path);
  }
  const note = (text: string): void => void at.lines.push(text);
  const log = { ...silentLog, info: note, warn: note };
  const parts = { db: at.ledger.db, flow, all: () => at.flows, reader: at.reader, clock: at.clock, log };
  const story = (path: string): unknown => storyOf(at.ledger.db, flow.id, path as RelPath).transfers[0]?.retain;
  for (let round = 0; round < 4; round++) {
    at.clock.now += 3_600_000;
    await using retention = new Retention(parts);
    await retention.settle();
  }
  expect(files(at)).toEqual(["d"]);
  expect(readFileSync(join(hold, "third"), "utf8")).toBe("content");
  expect(at.lines.map((line) => line.replace(/, mkdir.*; asked/, "; asked"))).toEqual([
    "d/first: stays in the source: EEXIST: file already exists; asked again later",
    "d/second: stays in the source: EEXIST: file already exists; asked again later",
  ]);
  expect(story("d/first")).toMatchObject({ state: "due", reason: expect.stringContaining("EEXIST") as string });
  expect(readFileSync(join(at.source, "d/first"), "utf8")).toBe("content");

  rmSync(join(hold, "d"));
  at.clock.now = Math.max(at.clock.now, Date.now()) + 3_600_000;
  {
    await using retention = new Retention(parts);
    retention.start();
    await vi.waitUntil(() => files(at).length === 0, { timeout: 10_000 });
  }
  expect(story("d/second")).toEqual({ state: "held" });
  expect(readdirSync(join(hold, "d")).sort()).toEqual(["first", "second"]);
});

test("of the empty directories only those go that this flow emptied", async () => {
  await using at = await setting();
  const flow = addFlow(at, "one", { kind: "delete", afterMs: 0, emptyDirectoriesAfterMs: 0 });
  for (const path of ["ours/deep", "theirs", "again", "renewed"]) mkdirSync(join(at.source, path), { recursive: true });
  for (const path of ["ours/deep/f", "again/f", "renewed/f"]) {
    write(at, path);
    deliver(at, flow, path);
  }
  await settle(at, flow);
  // Of one file a newer version was seen, and it is gone too by now: that was not our doing.
  recordQueued(at.ledger.db, flow.id, put("renewed/f", 9), { wall: 1, steady: 1 });
  at.clock.now = Date.now() + 60_000;
  {
    await using retention = new Retention({
      db: at.ledger.db,
      flow,
      all: () => at.flows,
      reader: at.reader,
      clock: at.clock,
      log: silentLog,
    });
    retention.start();
    await vi.waitUntil(() => !existsSync(join(at.source, "ours")) && !existsSync(join(at.source, "again")), { timeout: 10_000 });
  }
  expect(files(at)).toEqual(["renewed", "theirs"]);
});
