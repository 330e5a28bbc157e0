import { expect, test } from "vitest";
import { sourceSettings } from "../../test/support/ledger.ts";
import type { IngestStatus } from "../flow/ingest/states.ts";
import type { TransferStory } from "../flow/ledger/story.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { AbsPath, RelPath } from "../kernel/path.ts";
import type { Prospect } from "./explain-facts.ts";
import { nextStep } from "./next-step.ts";

const now = 1_000_000;
const version = { inode: "1:2", sizeBytes: 10, mtimeNs: 5n };
const path = "run/a.nc" as RelPath;

const settings = {
  name: "hot",
  source: { kind: "watched", root: "/src", settle: { kind: "close" }, rescanMs: 600_000, propagate: new Set(["put"]) },
  retry: { attemptsMax: 10 },
  retain: { kind: "delete", afterMs: 0 },
} as unknown as FlowSettings;

function transfer(state: TransferStory["state"], more: Partial<TransferStory> = {}): TransferStory {
  return {
    id: 3,
    change: { kind: "put", path, version, mode: 0o644, links: 1 },
    version,
    state,
    seenAtMs: now,
    dueAt: null,
    endedAtMs: null,
    attempts: 0,
    failures: 0,
    code: null,
    reason: null,
    bulk: false,
    receipt: null,
    announcementOwed: false,
    ingest: null,
    catalogOwed: null,
    retain: null,
    tries: [],
    batches: [],
    triesLeftOut: 0,
    ...more,
  };
}

test("what is delivered and not told of yet says so", () => {
  const last = transfer("delivered", { announcementOwed: true });
  expect(next(last)).toBe("it is delivered; others are told of it once the broker takes the message");
  expect(next(last, { running: false })).toBe("it is delivered; others are told of it when hotdir runs");
});

test("what is delivered and not ingested, or not in the catalog, says what comes of it, before what comes of its source file", () => {
  const ingesting = (status: IngestStatus, message: string | null = null): TransferStory =>
    transfer("delivered", {
      ingest: { status, changedAtMs: now, message, attempts: [] },
      retain: { state: "due", at: now + 1000, reason: null },
    });
  expect(next(ingesting("UNTRIED"))).toBe("it is delivered, and is handed to the ingest command");
  expect(next(ingesting("RERUN"), { running: false })).toBe("it is delivered, and is handed to the ingest command when hotdir runs");
  expect(next(ingesting("PENDING"))).toBe("it is delivered, and the ingest command has it");
  expect(next(ingesting("FAILURE", "no header"))).toBe(
    "it is delivered, and was not ingested: no header; 'hotdir retry -f hot run/a.nc' hands it to the command again",
  );
  expect(next(ingesting("UNKNOWN", "killed"))).toContain("nobody knows whether it was ingested: killed; 'hotdir retry");
  expect(next(ingesting("SUCCESS"))).toContain("its source file is deleted");
  expect(next(transfer("delivered", { catalogOwed: { refused: null } }))).toBe("it is delivered, and is entered into the catalog");
  expect(next(transfer("delivered", { catalogOwed: { refused: "row 3 has its name" } }))).toContain(
    "not in the catalog: row 3 has its name",
  );
});

function next(last: TransferStory | null, more: Partial<Prospect> = {}): string {
  return nextStep({
    settings,
    path,
    source: { kind: "file", version },
    rejected: null,
    running: true,
    flowState: { state: "running", reason: null },
    story: { transfers: last === null ? [] : [last], leftOut: 0 },
    place: null,
    sending: null,
    nowMs: now,
    nowSteady: now,
    ...more,
  });
}

test("what was never seen: why, and what finds it", () => {
  expect(next(null)).toBe("never seen yet: the next scan, within 10 min, finds it at the latest");
  expect(next(null, { rejected: "reject: \\.nc$" })).toBe("never: it is not sent (reject: \\.nc$)");
  expect(next(null, { source: { kind: "absent" } })).toBe("never seen: there is no /src/run/a.nc");
  expect(next(null, { running: false })).toBe("never seen: the flow does not run ('hotdir run hot')");
  const posted = { ...settings, source: sourceSettings({ kind: "posted", root: "/src" as AbsPath }) };
  expect(next(null, { settings: posted })).toContain("'hotdir post -f hot /src/run/a.nc'");
});

test("a settling file: what it waits for", () => {
  const settling = transfer("settling", { dueAt: now + 12_000 });
  const settle = (rule: FlowSettings["source"]["settle"]): Partial<Prospect> => ({
    settings: { ...settings, source: { ...settings.source, settle: rule } },
  });
  expect(next(settling)).toBe("waits for its writer to close it, looked at again in 12 s");
  expect(next(settling, settle({ kind: "quiet", quietMs: 30_000 }))).toBe(
    "waits until it has not changed for 30 s, looked at again in 12 s",
  );
  expect(next(settling, settle({ kind: "marker", suffix: ".done" }))).toBe("waits for its marker run/a.nc.done, looked at again in 12 s");
});

test("a queued file: behind whom, or when it is tried again and why", () => {
  const queued = transfer("queued", { dueAt: now });
  expect(next(queued)).toBe("is sent next");
  expect(next(queued, { place: { ahead: 1234, atLeast: false, oldestSeenAtMs: now - 3000 } })).toBe(
    "is queued behind 1,234 others (oldest 3 s)",
  );
  expect(next(queued, { place: { ahead: 1, atLeast: false, oldestSeenAtMs: now - 3000 } })).toBe("is queued behind 1 other (oldest 3 s)");
  expect(next(transfer("queued", { dueAt: now + 12_000, failures: 2, reason: "no" }))).toBe("is tried again in 12 s (attempt 3 of 10): no");
  expect(next(transfer("queued", { dueAt: now + 12_000, reason: "the file changed" }))).toBe(
    "is tried again in 12 s, no attempt is counted: the file changed",
  );
});

test("a flow that holds says so before anything else", () => {
  const queued = transfer("queued", { dueAt: now });
  expect(next(queued, { flowState: { state: "waiting", reason: "connect hub: no" } })).toBe(
    "the flow is waiting: connect hub: no; tried again by itself",
  );
  expect(next(queued, { flowState: { state: "halted", reason: "the source is gone" } })).toBe(
    "the flow is halted: the source is gone; a person must look ('hotdir resume hot' goes on)",
  );
  expect(next(queued, { flowState: { state: "stopped", reason: null }, running: false })).toBe(
    "the flow does not run; 'hotdir run hot' goes on",
  );
  expect(next(queued, { flowState: { state: "paused", reason: "by a person" } })).toBe("the flow is paused: by a person");
});

test("a file under way: how far, and when it is ready", () => {
  expect(next(transfer("sending"))).toBe("is being sent");
  expect(next(transfer("sending"), { sending: { sentBytes: 2 ** 20, sizeBytes: 4 * 2 ** 20, startedAtMs: now - 10_000 } })).toBe(
    "is being sent: 1 MiB of 4 MiB, ready in about 30 s",
  );
  expect(next(transfer("sending"), { running: false })).toContain("was being sent when hotdir ended");
});

test("what has ended: nothing, or what becomes of the source file", () => {
  expect(next(transfer("delivered"))).toBe("nothing: it is delivered");
  const stays = { state: "due", at: now + 240_000, reason: "EACCES permission denied" } as const;
  expect(next(transfer("delivered", { retain: stays }))).toBe(
    "it is delivered; its source file stays for now: EACCES permission denied; asked again in 4 min",
  );
  expect(next(transfer("delivered", { retain: { state: "due", at: now + 259_200_000, reason: null } }))).toBe(
    "it is delivered; its source file is deleted in 3 d",
  );
  expect(next(transfer("delivered"), { source: { kind: "file", version: { ...version, sizeBytes: 11 } } })).toBe(
    "the source file has changed since; it is noticed at the next event or scan",
  );
  expect(next(transfer("ignored", { reason: "reject: x" }))).toBe("nothing: it is not sent (reject: x)");
  expect(next(transfer("superseded", { reason: "removed" }), { source: { kind: "absent" } })).toBe(
    "nothing: it is no longer in the source (removed)",
  );
  const renamed = transfer("delivered", {
    change: { kind: "rename", path: "b.nc" as RelPath, from: path, directory: false, version, mode: 0o644 },
  });
  expect(next(renamed)).toBe("nothing: it was renamed to b.nc, at the destination too");
});

test("a dead letter comes with the command to copy, whatever its name", () => {
  expect(next(transfer("dead"))).toBe("a person must decide; to send it again: hotdir retry -f hot run/a.nc");
  const unread = transfer("dead", { code: "source-unreadable", version: { inode: "0:0", sizeBytes: 0, mtimeNs: 0n } });
  expect(next(unread)).toBe("is sent by itself once it can be read: scans look at it, within 10 min");
  expect(next({ ...unread, version })).toContain("a person must decide");
  expect(next(transfer("dead"), { path: "it's; $(x)" as RelPath })).toContain(`hotdir retry -f hot 'it'\\''s; $(x)'`);
  expect(next(transfer("dead"), { path: "-rf" as RelPath })).toContain("hotdir retry -f hot -- '-rf'");
});
