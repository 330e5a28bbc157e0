import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { makeLedger, rel, flowSettings, type TestLedger } from "../../../test/support/ledger.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { recordQueued } from "../ledger/admissions.ts";
import { claim } from "../ledger/claims.ts";
import { registerFlow } from "../ledger/flows.ts";
import { recordOutcomes } from "../ledger/outcomes.ts";
import type { LocalSource, PublishPlace } from "../settings.ts";
import { type Version, versionOf } from "../version.ts";
import { refusalToRemove } from "./may-remove.ts";
import { type FlowEntry, otherFlows, sharing } from "./other-flows.ts";

const publishPlace: PublishPlace = { kind: "publish", publish: publishSettings() };

type World = AsyncDisposable & { ledger: TestLedger; version: Version; refusal: (all: FlowEntry[]) => Promise<string | null> };

/** `real/run1/f`; `alias` is a symlink to `real`. The flow that wants to remove it has the source `real`. */
async function world(): Promise<World> {
  const ledger = await makeLedger();
  const at = (path: string): string => join(ledger.stateDirectory, path);
  mkdirSync(at("real/run1"), { recursive: true });
  writeFileSync(at("real/run1/f"), "content");
  symlinkSync("real", at("alias"));
  const version = versionOf(lstatSync(at("real/run1/f"), { bigint: true }));
  const own = flowAt(ledger, "own", { root: "real" });
  const refusal = async (all: FlowEntry[]): Promise<string | null> =>
    refusalToRemove({
      receiptIsNewest: true,
      others: otherFlows(ledger.db, await sharing([own, ...all], own, rel("run1/f")), version),
    });
  return { ledger, version, refusal, [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() };
}

function flowAt(ledger: TestLedger, name: string, source: { root: string; kind?: LocalSource["kind"] }): FlowEntry {
  const root = (source.root === "/" ? "/" : bytesOfText(join(ledger.stateDirectory, source.root))) as AbsPath;
  return {
    id: registerFlow(ledger.db, { name, root, destination: "there" }),
    settings: flowSettings({ name, source: { root, kind: source.kind ?? "watched" } }),
  };
}

function queue(at: World, flow: FlowEntry, path: string): void {
  recordQueued(at.ledger.db, flow.id, { kind: "put", path: rel(path), version: at.version, mode: 0o640, links: 1 }, { wall: 1, steady: 1 });
}

/** Ends what was queued. */
function end(at: World, flow: FlowEntry, how: "delivered" | "told" | "dead"): void {
  const { db, run } = at.ledger;
  const [transfer] = claim(db, { flow: flow.id, run, bulk: false, limit: 1, now: 1000, busy: () => false });
  if (how === "told") {
    const outcome = {
      kind: "delivered",
      receipt: { proof: { basis: "confirmed" }, durable: false },
      method: "published",
      retain: { kind: "keep" },
    } as const;
    recordOutcomes(db, [{ transfer: transfer!, outcome, startedAtMs: 1, bytes: 1 }], 1);
  } else if (how === "delivered") {
    const receipt = { proof: { basis: "digest", digest: { algorithm: "sha256", hex: "00" } }, durable: true } as const;
    const outcome = { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } } as const;
    recordOutcomes(db, [{ transfer: transfer!, outcome, startedAtMs: 1, bytes: 1 }], 1);
  } else
    db.run(
      "UPDATE transfer SET state = 'dead', code = 'refused', reason = 'no', ended_at = 1, run = NULL WHERE id = ? AND state = 'sending'",
      transfer!.id,
    );
}

test.each([
  ["under the same name", "real"],
  ["over a symlink", "alias"],
  ["deeper", "alias/run1"],
])("a flow that has the source %s still wants the file, until its receipt", async (_title, root) => {
  await using at = await world();
  const other = flowAt(at.ledger, "other", { root });
  expect(await at.refusal([other])).toBe("not yet delivered by other");
  queue(at, other, root.endsWith("run1") ? "f" : "run1/f");
  expect(await at.refusal([other])).toBe("not yet delivered by other");
  end(at, other, "delivered");
  expect(await at.refusal([other])).toBeNull();
});

test("a watched flow does not wait for a file that it can reach only over a symlink below its source", async () => {
  await using at = await world();
  mkdirSync(join(at.ledger.stateDirectory, "watched"));
  symlinkSync("../real", join(at.ledger.stateDirectory, "watched/link"));
  expect(await at.refusal([flowAt(at.ledger, "other", { root: "watched" })])).toBeNull();
});

test.each(["/", "real", "alias"])("a flow that is posted to, below %s, wants what it was given and has not delivered", async (root) => {
  await using at = await world();
  const other = flowAt(at.ledger, "other", { root, kind: "posted" });
  const path = root === "/" ? join(at.ledger.stateDirectory, "real/run1/f").slice(1) : "run1/f";
  expect(await at.refusal([other])).toBeNull();
  queue(at, other, path);
  expect(await at.refusal([other])).toBe("not yet delivered by other");
  end(at, other, "dead");
  expect(await at.refusal([other])).toBe("not yet delivered by other");
  at.ledger.db.run(
    "UPDATE transfer SET state = 'queued', due_at = 1, ended_at = NULL, code = NULL, reason = NULL WHERE flow = ?",
    other.id,
  );
  end(at, other, "delivered");
  expect(await at.refusal([other])).toBeNull();
});

test("a flow that publishes has done its part once the broker has its message of the very version", async () => {
  await using at = await world();
  const told = flowAt(at.ledger, "told", { root: "real" });
  const publishing = { ...told, settings: { ...told.settings, destination: { ...told.settings.destination, place: publishPlace } } };
  queue(at, told, "run1/f");
  expect(await at.refusal([publishing])).toBe("not yet delivered by told");
  end(at, told, "told");
  expect(await at.refusal([publishing])).toBe(null);
  // What moves files has to prove them.
  expect(await at.refusal([told])).toBe("not yet delivered by told");
});
