import { expect, test } from "vitest";
import type { ExplainFacts } from "../../daemon/explain-facts.ts";
import type { AbsPath, RelPath } from "../../kernel/path.ts";
import { checkText, originsText } from "./check-text.ts";
import { deadText } from "./dead-lines.ts";
import { explainJson } from "../../daemon/json/explain-json.ts";
import { explainText } from "./explain-text.ts";
import { plain } from "./terminal.ts";

process.env["TZ"] = "UTC";
const at = (second: number): number => Date.UTC(2026, 10, 22, 8, 41, second);
const path = "run/a\n.nc" as RelPath;
const version = { inode: "1:2", sizeBytes: 4 * 2 ** 20, mtimeNs: BigInt(at(0)) * 1_000_000n };
const hex = "ab".repeat(32);

const facts: ExplainFacts = {
  flow: "hot",
  path,
  file: "/src/run/a\n.nc" as AbsPath,
  source: { kind: "file", version },
  flowState: { state: "running", reason: null },
  row: null,
  sets: [],
  skewMs: 0,
  next: "nothing: it is delivered",
  story: {
    leftOut: 0,
    transfers: [
      {
        id: 7,
        change: { kind: "put", path, version, mode: 0o644, links: 1 },
        version,
        state: "delivered",
        seenAtMs: at(1),
        dueAt: null,
        endedAtMs: at(20),
        attempts: 2,
        failures: 1,
        code: "digest-mismatch",
        reason: "verify: other bytes",
        bulk: true,
        receipt: { basis: "digest", digest: { algorithm: "sha256", hex }, durable: true, method: "segmented" },
        announcementOwed: false,
        ingest: null,
        catalogOwed: null,
        retain: { state: "due", at: at(50), reason: null },
        tries: [
          {
            attempt: 1,
            startedAtMs: at(4),
            endedAtMs: at(6),
            bytes: 4 * 2 ** 20,
            outcome: "digest-mismatch",
            detail: "verify: other bytes",
          },
          { attempt: 2, startedAtMs: at(18), endedAtMs: at(20), bytes: 4 * 2 ** 20, outcome: "delivered", detail: null },
        ],
        batches: [],
        triesLeftOut: 0,
      },
    ],
  },
};

test("the story of a path: seen, each attempt with its waiting, rate and error, receipt, source, and what is next", () => {
  expect(explainText(facts, plain)).toBe(`run/a\\n.nc
flow hot, /src/run/a\\n.nc: in the source now, 4 MiB, changed 2026-11-22 08:41:00

transfer 7: file, 4 MiB: delivered
  seen        2026-11-22 08:41:01
  attempt 1   2026-11-22 08:41:04, after 3 s of waiting, took 2 s, 4 MiB at 2 MiB/s: digest-mismatch: verify: other bytes
  attempt 2   2026-11-22 08:41:18, after 12 s of waiting, took 2 s, 4 MiB at 2 MiB/s: delivered
  delivered   2026-11-22 08:41:20, sent in parts over several lanes
  receipt     sha256 ${hex}, read back at the destination, made durable
  source      goes from the source at 2026-11-22 08:41:50

Next: nothing: it is delivered
`);
});

test("the same story as JSON", () => {
  expect(explainJson(facts)).toMatchObject({
    flow: "hot",
    path: "run/a\n.nc",
    source: { state: "file", size: 4 * 2 ** 20, mtime: "2026-11-22T08:41:00.000000000Z" },
    transfers: [
      {
        transfer: 7,
        state: "delivered",
        code: null,
        reason: null,
        tries: [{ outcome: "digest-mismatch" }, { outcome: "delivered", detail: null }],
        receipt: { basis: "digest", algorithm: "sha256", digest: hex, durable: true, method: "segmented" },
        retention: { state: "due", due_at: "2026-11-22T08:41:50.000Z", reason: null },
      },
    ],
    next: "nothing: it is delivered",
  });
});

test("a dead letter tells when, how often tried, and why", () => {
  const letter = {
    id: 1,
    flow: "hot",
    kind: "put",
    path,
    sizeBytes: 10,
    code: "wrong-type",
    reason: "a directory is in the way",
    attempts: 1,
    failures: 1,
    seenAtMs: at(1),
    deadAtMs: at(2),
  };
  expect(deadText(letter, plain)).toBe("run/a\\n.nc  (hot, 10 B)\n  2026-11-22 08:41:02, after 1 attempt: a directory is in the way\n");
});

test("check prints each finding with what mends it, and what the guarantee means", () => {
  const check = {
    flow: "hot",
    from: "/src",
    to: "sftp://hub/~/in",
    guarantee: "verified" as const,
    source: [{ level: "good" as const, text: "/src is there" }],
    destination: [{ level: "problem" as const, text: "connect hub: refused", fix: "'ssh hub true' must end without an error" }],
    retention: [{ level: "note" as const, text: "copied" }],
    announce: [],
    finish: [],
    unreachable: "unreachable" as const,
  };
  expect(checkText([check], plain)).toBe(`hot: /src → sftp://hub/~/in
  ok    /src is there
  BAD   connect hub: refused
        → 'ssh hub true' must end without an error
  note  copied
  guarantee: verified: every file is read back at the destination and compared
`);
  expect(originsText(new Map([["a", { value: "1", from: "default" }]]))).toBe("a  1  (default)\n");
});
