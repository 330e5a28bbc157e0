import type { SetFacts } from "../../daemon/set-facts.ts";
import { expect, test } from "vitest";
import type { FlowFacts, StatusFacts } from "../../daemon/status-facts.ts";
import type { AbsPath, RelPath } from "../../kernel/path.ts";
import { statusJson } from "../../daemon/json/status-json.ts";
import { statusLine, statusText } from "./status-text.ts";
import { plain } from "./terminal.ts";

process.env["TZ"] = "UTC";
const atMs = Date.UTC(2026, 10, 22, 8, 41, 44);

const flow: FlowFacts = {
  name: "to_hpfx",
  state: "running",
  reason: null,
  source: "/home/me/to_hpfx" as AbsPath,
  posted: false,
  destination: "sftp://hpfx/~/on_hpfx",
  guarantee: "verified+durable",
  counts: { seen: 9, settling: 0, queued: 1, sending: 1, delivered: 5, superseded: 1, ignored: 1, dead: 0 },
  bytes: { queued: 10, delivered: 50 },
  freshnessMs: 400,
  lanes: { open: 2, max: 5 },
  rate: { filesPerS: 1, bytesPerS: 50 },
  watching: { kind: "events", directories: 3 },
  readBack: "remote tool",
  active: [
    { transfer: 7, path: "run/big.nc" as RelPath, kind: "put", sizeBytes: 4 * 2 ** 30, sentBytes: 2 ** 30, startedAtMs: atMs - 10_000 },
  ],
  activeCount: 1,
  broker: [],
  ingest: null,
  catalog: null,
  table: null,
  completion: null,
  notice: null,
};
const running: StatusFacts = {
  atMs,
  daemon: { running: true, pid: 4711, sinceMs: atMs - 7_200_000, residentBytes: 65_000_000, page: "http://127.0.0.1:8642/" },
  flows: [flow],
};

test("the status of a running daemon is a table, the equation of conservation, and the large files under way", () => {
  expect(statusText(running, plain, false)).toBe(`The daemon runs: process 4711, since 2026-11-22 06:41:44 (2 h), 62 MiB of memory.

FLOW     STATE    QUEUED  SENDING  DELIVERED  DEAD  BEHIND                 RATE  LANES
to_hpfx  running       1        1          5     0   0.4 s  1.0 files/s, 50 B/s    2/5
  9 seen = 1 queued + 1 sending + 5 delivered + 1 superseded + 1 ignored (50 B delivered, 10 B to go)
  run/big.nc                      █████░░░░░░░░░░░░░░░  25 %  1 GiB of 4 GiB, 102 MiB/s, ready in 30 s
`);
});

test("verbose adds every term, where from, where to, and how", () => {
  const text = statusText(running, plain, true);
  expect(text).toContain("9 seen = 0 settling + 1 queued + 1 sending + 5 delivered + 1 superseded + 1 ignored + 0 dead");
  expect(text).toContain("from  /home/me/to_hpfx (watched by events in 3 directories)");
  expect(text).toContain("to    sftp://hpfx/~/on_hpfx (verified+durable, read back by a tool at the destination)");
});

test("a flow that waits tells its reason in full, and dead letters how to list them", () => {
  const reason = "connect hpfx: the host cannot be reached (ssh exit 255: ssh: connect to host hpfx port 22: Connection refused)";
  const waiting: FlowFacts = { ...flow, state: "waiting", reason, counts: { ...flow.counts, dead: 2, seen: 11 }, active: [] };
  const text = statusText({ atMs, daemon: { running: false }, flows: [waiting] }, plain, false);
  expect(text).toContain("The daemon does not run; 'hotdir run' starts it. This is what the ledger says.");
  expect(text).toContain(`  waiting: ${reason}\n`);
  expect(text).toContain("  2 dead letters: 'hotdir dead to_hpfx' lists them");
});

test("what is ingested is counted, and what failed, was interrupted, or has no row says so", () => {
  const ingest = { UNTRIED: 2, PENDING: 10, SUCCESS: 1200, FAILURE: 1, UNKNOWN: 3, RERUN: 1, IGNORED: 0 };
  const text = statusText({ ...running, flows: [{ ...flow, ingest, catalog: { owed: 2, refused: 1 } }] }, plain, false);
  expect(text).toContain("  catalog: 2 deliveries to enter\n  ingest: 3 to go, 10 at work, 1,200 ingested\n");
  expect(text).toContain(
    "  ingest: 1 failed, 3 interrupted: 'hotdir explain PATH' says why, 'hotdir retry -f to_hpfx --all' tries again\n",
  );
  expect(statusText(running, plain, false)).not.toContain("ingest");
});

test("a name that would move the cursor is shown escaped", () => {
  const active = [{ ...flow.active[0]!, path: "a\x1b[2Jb\n" as RelPath }];
  expect(statusText({ ...running, flows: [{ ...flow, active }] }, plain, false)).toContain("a\\x1b[2Jb\\n");
});

const openSet: SetFacts = {
  path: "16750" as RelPath,
  seenAtMs: atMs,
  notWhole: null,
  waits: {
    first: [{ transfer: 3, path: "16750/a" as RelPath, kind: "put", state: "sending", code: null, reason: null }],
    count: 1,
    atLeast: false,
  },
  manifest: null,
};

test("open sets are told with what they wait for, in the text and in the JSON", () => {
  const flows = [{ ...flow, completion: { open: 12, complete: 3, sets: [openSet] } }];
  const text = statusText({ ...running, flows }, plain, false);
  expect(text).toContain("  3 sets complete, 12 open\n  16750: waits for 1 file: 16750/a (sending)\n  ... and 11 more open sets\n");
  const [told] = (statusJson({ ...running, flows }) as { flows: Array<{ completion: unknown }> }).flows;
  expect(told?.completion).toEqual({
    open: 12,
    complete: 3,
    sets: [
      {
        set: "16750",
        seen_at: new Date(atMs).toISOString(),
        whole: true,
        waits_for: 1,
        waits: [{ transfer: 3, path: "16750/a", kind: "put", state: "sending", code: null, reason: null }],
        manifest: null,
        says: "waits for 1 file: 16750/a (sending)",
      },
    ],
  });
});

test("statusLine holds what matters in one line", () => {
  expect(statusLine(flow)).toBe("to_hpfx: running, 5 delivered, 1 queued, 1 sending, 0 dead, 0.4 s behind");
});

test("the JSON has the public shape", () => {
  expect(statusJson(running)).toEqual({
    daemon: {
      running: true,
      pid: 4711,
      since: "2026-11-22T06:41:44.000Z",
      page: "http://127.0.0.1:8642/",
      metrics: "http://127.0.0.1:8642/metrics",
      resident_bytes: 65_000_000,
    },
    flows: [
      {
        name: "to_hpfx",
        state: "running",
        reason: null,
        guarantee: "verified+durable",
        counts: flow.counts,
        bytes: { queued: 10, delivered: 50 },
        freshness_s: 0.4,
        lanes: { open: 2, max: 5 },
        rate: { files_per_s: 1, bytes_per_s: 50 },
        source: "/home/me/to_hpfx",
        destination: "sftp://hpfx/~/on_hpfx",
        watching: { kind: "events", directories: 3 },
        read_back: "remote tool",
        active_count: 1,
        active: [{ transfer: 7, path: "run/big.nc", kind: "put", size: 4 * 2 ** 30, sent: 2 ** 30, since: "2026-11-22T08:41:34.000Z" }],
        broker: [],
        ingest: null,
        catalog: null,
        table: null,
        completion: null,
        notice: null,
      },
    ],
  });
});
