import { expect, test } from "vitest";
import { put, rel } from "../../../test/support/ledger.ts";
import type { Sighting, Writer } from "../detect/contract.ts";
import type { Known } from "../ledger/admissions.ts";
import type { Settle } from "../settings.ts";
import { completeness, LOOK_AGAIN_MS, QUIET_WITHOUT_LEASE_MS } from "./settle.ts";

const now = 1_000_000;
const close: Settle = { kind: "close" };
const quiet: Settle = { kind: "quiet", quietMs: 30_000 };

function file(writer: Writer, how: "event" | "scan", content = 1, sizeBytes = 10): Sighting & { kind: "file" } {
  return { kind: "file", path: rel("f"), version: put("f", content, { sizeBytes }).version, mode: 0o644, links: 1, writer, how };
}

function settling(dueAt: number, content = 1): Known {
  return {
    id: 1,
    kind: "put",
    state: "settling",
    version: put("f", content).version,
    target: null,
    mode: 0o644,
    from: null,
    directory: false,
    links: 1,
    seenAtMs: 0,
    dueAt,
    removedByUs: false,
  };
}

test("close: a file that nobody has open for writing is complete at once, however it was found", () => {
  expect(completeness(close, file("none", "event"), null, now, false)).toEqual({ complete: true });
  expect(completeness(close, file("none", "scan"), null, now, false)).toEqual({ complete: true });
});

test("close: a file that is open for writing is not touched, and is looked at again", () => {
  const wanted = { complete: false, dueAt: now + LOOK_AGAIN_MS, waitsFor: "writer" };
  expect(completeness(close, file("open", "event"), null, now, false)).toEqual(wanted);
  expect(completeness(close, file("open", "scan"), settling(now - 1), now, false)).toEqual(wanted);
});

test("close: where no lease tells, the event of a close does, except of an empty file that somebody may be about to open", () => {
  expect(completeness(close, file("unknown", "event"), null, now, false)).toEqual({ complete: true });
  expect(completeness(close, file("unknown", "event", 1, 0), null, now, false)).toMatchObject({ complete: false });
});

test("close: where no lease tells, what a scan found is complete after it kept still for a while", () => {
  const first = completeness(close, file("unknown", "scan"), null, now, false);
  expect(first).toEqual({ complete: false, dueAt: now + QUIET_WITHOUT_LEASE_MS, waitsFor: "quiet" });
  const due = now + QUIET_WITHOUT_LEASE_MS;
  expect(completeness(close, file("unknown", "scan"), settling(due), due - 1, false)).toMatchObject({ complete: false, dueAt: due });
  expect(completeness(close, file("unknown", "scan"), settling(due), due, false)).toEqual({ complete: true });
});

test("quiet: the time runs anew with every change, by our own clock and not by the file's mtime", () => {
  expect(completeness(quiet, file("none", "event"), null, now, false)).toEqual({ complete: false, dueAt: now + 30_000, waitsFor: "quiet" });
  expect(completeness(quiet, file("none", "event"), settling(now + 5), now, false)).toMatchObject({ complete: false, dueAt: now + 5 });
  expect(completeness(quiet, file("none", "event", 2), settling(now - 5), now, false)).toMatchObject({
    complete: false,
    dueAt: now + 30_000,
  });
  expect(completeness(quiet, file("none", "event"), settling(now), now, false)).toEqual({ complete: true });
});

test("quiet: no time at all takes files as they are found", () => {
  expect(completeness({ kind: "quiet", quietMs: 0 }, file("open", "scan"), null, now, false)).toEqual({ complete: true });
});

test("marker: only the marker completes a file", () => {
  const marker: Settle = { kind: "marker", suffix: ".done" };
  expect(completeness(marker, file("none", "event"), null, now, false)).toMatchObject({ complete: false, waitsFor: "marker" });
  expect(completeness(marker, file("open", "scan"), null, now, true)).toEqual({ complete: true });
});
