import { describe, expect, test } from "vitest";
import { rel, put, sourceSettings } from "../../../test/support/ledger.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { Known } from "../ledger/admissions.ts";
import type { Version } from "../version.ts";
import { type Decision, decide, type Facts } from "./decide.ts";

const v1 = put("f", 1).version;
const v2 = put("f", 2).version;

function file(version: Version, path = "f"): Sighting & { kind: "file" } {
  return { kind: "file", path: rel(path), version, mode: 0o640, links: 1, writer: "none", how: "event" };
}

function known(changes: Partial<Known>): Known {
  return {
    id: 7,
    kind: "put",
    state: "delivered",
    version: v1,
    target: null,
    mode: 0o640,
    from: null,
    directory: false,
    links: 1,
    seenAtMs: 1_000_000,
    dueAt: null,
    removedByUs: false,
    ...changes,
  };
}

type Given = Partial<Omit<Facts, "source">> & {
  propagate?: Facts["source"]["propagate"];
  accept?: RegExp[];
  reject?: RegExp[];
  from?: Known;
};

function decided(sighting: Sighting, given: Given = {}): Decision[] {
  const { propagate, accept, reject, from, ...facts } = given;
  const source = sourceSettings({ accept: accept ?? [], reject: reject ?? [], ...(propagate === undefined ? {} : { propagate }) });
  return decide(sighting, {
    known: null,
    source,
    nowMs: 1_000_500,
    keepsMode: true,
    completeness: () => ({ complete: true }),
    atDestination: () => null,
    anythingBelow: () => false,
    movedAway: () => false,
    knownAt: () => from ?? null,
    ...facts,
  });
}

/** What is to be done, told shortly. */
function told(decisions: Decision[]): string[] {
  return decisions.map((decision) =>
    "change" in decision
      ? `${decision.do} ${decision.change.kind} ${decision.change.path}`
      : "id" in decision
        ? `${decision.do} ${decision.id}`
        : `${decision.do} ${decision.directory}`,
  );
}

const only = (...kinds: Array<"put" | "rename" | "link" | "mkdir" | "delete" | "rmdir">): ReadonlySet<(typeof kinds)[number]> =>
  new Set(kinds);
const defaults = only("put", "rename", "link", "mkdir");

describe("a complete file", () => {
  const table: Array<[string, Known | null, Version, string[]]> = [
    ["that is new is queued", null, v1, ["queue put f"]],
    ["that was delivered in this version is not sent again", known({}), v1, []],
    ["that was delivered in another version is sent again", known({}), v2, ["queue put f"]],
    ["that is queued in this version is not queued twice", known({ state: "queued" }), v1, []],
    ["that is queued in another version takes its place", known({ state: "queued" }), v2, ["supersede 7", "queue put f"]],
    ["that is being sent in this version is left alone", known({ state: "sending" }), v1, []],
    ["that is being sent in another version is queued behind it", known({ state: "sending" }), v2, ["queue put f"]],
    ["that settled is queued as it is now", known({ state: "settling", dueAt: 5 }), v2, ["settled put f"]],
    ["that is dead in this version waits for a person", known({ state: "dead" }), v1, []],
    ["that is dead in another version is tried anew", known({ state: "dead" }), v2, ["supersede 7", "queue put f"]],
    ["that was superseded is queued, though it is the same version", known({ state: "superseded" }), v1, ["queue put f"]],
    ["that was ignored is queued, since the rules were changed", known({ state: "ignored" }), v1, ["queue put f"]],
    ["that came by a rename of this version is not sent again", known({ kind: "rename" }), v1, []],
    ["that was changed after its rename is sent, and the rename stays", known({ kind: "rename", state: "queued" }), v2, ["queue put f"]],
    [
      "under a name whose removal waits is queued behind the removal",
      known({ kind: "delete", state: "queued", version: null }),
      v1,
      ["queue put f"],
    ],
    ["in the place of a queued symlink takes its place", known({ kind: "link", state: "queued" }), v2, ["supersede 7", "queue put f"]],
  ];
  test.each(table)("%s", (_title, before, version, wanted) => {
    expect(told(decided(file(version), { known: before }))).toEqual(wanted);
  });

  test("that was delivered and moved away at the destination since is sent again under its old name", () => {
    expect(told(decided(file(v1), { known: known({}), movedAway: () => true }))).toEqual(["queue put f"]);
  });

  test("whose mode was changed is looked for there and given the mode, where modes are kept", () => {
    const chmodded = { ...file(v1), mode: 0o600 };
    const change = { kind: "put", path: "f", version: v1, mode: 0o600, links: 1 };
    expect(decided(chmodded, { known: known({}) })).toEqual([{ do: "queue", change, adopt: true }]);
    expect(decided(chmodded, { known: known({}), keepsMode: false })).toEqual([]);
    expect(decided(chmodded, { known: known({ state: "queued" }) })).toEqual([]);
  });

  test("that is written again within one step of its clock is proved again, though its version is the same", () => {
    const mtimeMs = Number(v1.mtimeNs / 1_000_000n);
    const soon = known({ seenAtMs: mtimeMs + 5 });
    expect(told(decided(file(v1), { known: soon }))).toEqual(["queue put f"]);
    expect(told(decided(file(v1), { known: { ...soon, state: "sending" } }))).toEqual(["queue put f"]);
    expect(told(decided(file(v1), { known: { ...soon, state: "queued" } }))).toEqual([]);
    expect(told(decided({ ...file(v1), how: "scan" }, { known: soon }))).toEqual([]);
    expect(told(decided(file(v1), { known: known({ seenAtMs: mtimeMs + 50 }) }))).toEqual([]);
  });

  test("that is closed again with the times that it had is proved again", () => {
    const closed = { ...file(v1), closed: true as const };
    expect(told(decided(closed, { known: known({}), nowMs: 1_003_000 }))).toEqual(["queue put f"]);
    expect(told(decided(closed, { known: known({}), nowMs: 1_000_100 }))).toEqual([]);
    expect(told(decided(file(v1), { known: known({}), nowMs: 1_003_000 }))).toEqual([]);
  });

  test("carries mode and link count", () => {
    const [decision] = decided({ ...file(v1), mode: 0o751, links: 3 });
    expect(decision).toEqual({ do: "queue", change: { kind: "put", path: "f", version: v1, mode: 0o751, links: 3 } });
  });
});

describe("an incomplete file", () => {
  const waiting: Given = { completeness: () => ({ complete: false, dueAt: 90, waitsFor: "writer" }) };
  test("settles, and gives up the queued older version", () => {
    expect(told(decided(file(v1), waiting))).toEqual(["settle-later put f"]);
    expect(told(decided(file(v2), { ...waiting, known: known({ state: "queued" }) }))).toEqual(["unsettled put f"]);
    expect(told(decided(file(v2), { ...waiting, known: known({ state: "dead" }) }))).toEqual(["supersede 7", "settle-later put f"]);
  });
  test("leaves an attempt that is under way alone, and settles behind it", () => {
    expect(told(decided(file(v2), { ...waiting, known: known({ state: "sending" }) }))).toEqual(["settle-later put f"]);
  });
  test("is not written down again while nothing about it has changed", () => {
    expect(decided(file(v1), { ...waiting, known: known({ state: "settling", dueAt: 90 }) })).toEqual([]);
    expect(told(decided(file(v1), { ...waiting, known: known({ state: "settling", dueAt: 50 }) }))).toEqual(["unsettled put f"]);
  });
});

describe("what is not to be sent", () => {
  test("is written down once, with the reason", () => {
    const first = decided(file(v1), { reject: [/^f$/] });
    expect(first).toMatchObject([{ do: "ignore", reason: "reject: ^f$" }]);
    expect(decided(file(v2), { reject: [/^f$/], known: known({ state: "ignored" }) })).toEqual([]);
  });
  test("is taken from the queue when the rules change", () => {
    expect(told(decided(file(v1), { accept: [/\.dat$/], known: known({ state: "queued" }) }))).toEqual(["supersede 7", "ignore put f"]);
  });
  test("reject wins over accept", () => {
    expect(told(decided(file(v1), { accept: [/f/], reject: [/f/] }))).toEqual(["ignore put f"]);
  });
  test("says so where the kind is not propagated, and directories are passed over in silence", () => {
    expect(decided(file(v1), { propagate: only("link") })).toMatchObject([{ do: "ignore", reason: "`put` is not propagated" }]);
    expect(told(decided({ kind: "symlink", path: rel("f"), version: v1, target: rel("t") }, { propagate: only("put") }))).toEqual([
      "ignore link f",
    ]);
    expect(decided({ kind: "directory", path: rel("d"), mode: 0o755 }, { propagate: only("put") })).toEqual([]);
  });
  test("a fifo, a socket or a device is never sent", () => {
    expect(told(decided({ kind: "special", path: rel("f") }))).toEqual(["ignore put f"]);
    expect(told(decided({ kind: "special", path: rel("f") }, { known: known({ state: "queued" }) }))).toEqual([
      "supersede 7",
      "ignore put f",
    ]);
  });
  test("a removal that waits is not dropped because something unwanted has the name now", () => {
    expect(decided({ kind: "special", path: rel("f") }, { known: known({ kind: "delete", state: "queued" }) })).toEqual([]);
  });
});

describe("directories and symlinks", () => {
  test("a directory is made once", () => {
    expect(told(decided({ kind: "directory", path: rel("d"), mode: 0o700 }))).toEqual(["queue mkdir d"]);
    expect(decided({ kind: "directory", path: rel("d"), mode: 0o700 }, { known: known({ kind: "mkdir", directory: true }) })).toEqual([]);
  });
  test("a queued file whose name is a directory's now is given up, so that it is not tried for ever", () => {
    expect(
      told(decided({ kind: "directory", path: rel("f"), mode: 0o700 }, { propagate: only("put"), known: known({ state: "queued" }) })),
    ).toEqual(["supersede 7"]);
  });
  test("a symlink is sent again only when it points elsewhere", () => {
    const link: Sighting = { kind: "symlink", path: rel("s"), version: v1, target: rel("there") };
    expect(decided(link, { known: known({ kind: "link", target: rel("there") }) })).toEqual([]);
    expect(told(decided(link, { known: known({ kind: "link", target: rel("elsewhere") }) }))).toEqual(["queue link s"]);
  });
});

describe("what cannot be read", () => {
  const unreadable: Sighting = { kind: "unreadable", path: rel("f"), code: "EACCES" };
  test("is listed as not delivered, once", () => {
    expect(decided(unreadable)).toMatchObject([{ do: "bury", code: "source-unreadable", change: { kind: "put" } }]);
    expect(decided(unreadable, { known: known({ state: "dead" }) })).toEqual([]);
    const dangling: Sighting = { ...unreadable, code: "ENOENT", target: "there" as Bytes };
    expect(decided(dangling)).toMatchObject([{ do: "bury", reason: "a symbolic link to there, where nothing is" }]);
    expect(decided({ ...dangling, code: "EACCES" })).toMatchObject([{ reason: "a symbolic link to there, which cannot be read: EACCES" }]);
    // What it led to was delivered: nothing is left to send. A link that was delivered as a link is another thing.
    expect(decided(dangling, { known: known({ state: "delivered" }) })).toEqual([]);
    expect(decided(dangling, { known: known({ state: "delivered", kind: "link" }) })).toMatchObject([{ do: "bury" }]);
    expect(decided(dangling, { known: known({ state: "queued" }) })).toMatchObject([{ do: "supersede" }, { do: "bury" }]);
  });
  test("is sent as soon as it can be read", () => {
    expect(told(decided(file(v1), { known: known({ state: "dead", version: { inode: "0:0", sizeBytes: 0, mtimeNs: 0n } }) }))).toEqual([
      "supersede 7",
      "queue put f",
    ]);
  });
});

describe("what is gone", () => {
  const gone: Sighting = { kind: "gone", path: rel("f"), directory: false };
  const there: Given = { known: known({}), atDestination: () => "file" };
  test("is removed at the destination only where removals are propagated", () => {
    expect(decided(gone, { ...there, propagate: defaults })).toEqual([]);
    expect(told(decided(gone, there))).toEqual(["queue delete f"]);
    expect(told(decided(gone, { known: known({ kind: "mkdir", directory: true }), atDestination: () => "directory" }))).toEqual([
      "queue rmdir f",
    ]);
  });
  test("before it was sent is taken from the queue, and nothing is removed", () => {
    expect(told(decided(gone, { known: known({ state: "queued" }) }))).toEqual(["supersede 7"]);
    expect(told(decided(gone, { known: known({ state: "settling" }) }))).toEqual(["supersede 7"]);
    expect(told(decided(gone, { known: known({ state: "dead" }) }))).toEqual(["supersede 7"]);
  });
  test("while its newer version waits is withdrawn and what is there is removed", () => {
    expect(told(decided(gone, { known: known({ state: "queued" }), atDestination: () => "file" }))).toEqual([
      "supersede 7",
      "queue delete f",
    ]);
  });
  test("because our own retention took it is never removed at the destination", () => {
    expect(decided(gone, { ...there, known: known({ removedByUs: true }) })).toEqual([]);
  });
  test("because it was moved is the rename's matter", () => {
    expect(decided(gone, { ...there, movedAway: () => true })).toEqual([]);
  });
  test("and of which nothing is known means nothing, unless a renamed directory brought it there", () => {
    expect(decided(gone)).toEqual([]);
    expect(told(decided(gone, { atDestination: () => "file" }))).toEqual(["queue delete f"]);
  });
  test("after a rename that waits is renamed first, and then removed", () => {
    expect(told(decided(gone, { known: known({ kind: "rename", state: "queued" }), atDestination: () => "file" }))).toEqual([
      "queue delete f",
    ]);
  });
  test("a directory that was not made itself, but on the way to what is in it, is removed too", () => {
    expect(told(decided(gone, { known: known({ kind: "mkdir", directory: true, state: "queued" }), anythingBelow: () => true }))).toEqual([
      "supersede 7",
      "queue rmdir f",
    ]);
  });
  test("and whose removal waits already is still removed once", () => {
    expect(decided(gone, { known: known({ kind: "delete", state: "queued" }) })).toEqual([]);
    expect(
      decided({ kind: "moved", from: rel("f"), path: rel("g"), directory: false }, { from: known({ kind: "delete", state: "queued" }) }),
    ).toEqual([]);
  });
  test("and is rejected by now is only withdrawn", () => {
    expect(told(decided(gone, { ...there, reject: [/f/], known: known({ state: "queued" }) }))).toEqual(["supersede 7"]);
  });
});

describe("what was moved", () => {
  const moved: Sighting = { kind: "moved", from: rel("old"), path: rel("f"), directory: false };
  const there: Given = { atDestination: (path) => (path === "old" ? "file" : null) };
  test("is renamed where the old name is at the destination, with its version and mode", () => {
    const [decision, ...others] = decided(moved, { ...there, from: known({ mode: 0o755 }) });
    expect(others).toEqual([]);
    expect(decision).toEqual({
      do: "queue",
      change: { kind: "rename", path: "f", from: "old", directory: false, version: v1, mode: 0o755 },
    });
  });
  test("before it was sent is sent under its new name by the sighting that follows", () => {
    expect(told(decided(moved, { from: known({ state: "queued" }) }))).toEqual(["supersede 7"]);
  });
  test("a directory takes what waits below it along", () => {
    const directory: Sighting = { ...moved, directory: true };
    expect(told(decided(directory, { from: known({ kind: "mkdir", directory: true }), anythingBelow: () => true }))).toEqual([
      "supersede-below old",
      "queue rename f",
    ]);
    expect(told(decided(directory, { from: known({ kind: "mkdir", directory: true }) }))).toEqual(["supersede-below old"]);
  });
  test("is removed under its old name where renames are not propagated and removals are", () => {
    expect(told(decided(moved, { ...there, from: known({}), propagate: only("put", "delete") }))).toEqual(["queue delete old"]);
    expect(decided(moved, { ...there, from: known({}), propagate: only("put") })).toEqual([]);
  });
  test("to a name that is rejected is a removal", () => {
    expect(told(decided(moved, { ...there, from: known({}), reject: [/^f$/] }))).toEqual(["queue delete old"]);
    expect(decided(moved, { ...there, from: known({}), reject: [/^f$/], propagate: defaults })).toEqual([]);
  });
  test("from a name that is rejected was never ours", () => {
    expect(decided(moved, { ...there, from: known({ state: "ignored" }), reject: [/^old$/] })).toEqual([]);
  });
  test("over a file that waits takes its place", () => {
    expect(told(decided(moved, { ...there, from: known({}), known: known({ id: 9, state: "queued" }) }))).toEqual([
      "supersede 9",
      "queue rename f",
    ]);
  });
  test("over a rename or a removal that waits comes after it", () => {
    expect(told(decided(moved, { ...there, from: known({}), known: known({ id: 9, kind: "delete", state: "queued" }) }))).toEqual([
      "queue rename f",
    ]);
    expect(told(decided(moved, { ...there, from: known({}), known: known({ id: 9, kind: "rename", state: "queued" }) }))).toEqual([
      "queue rename f",
    ]);
  });
  test("on, while its first move waits, is moved twice, so that the first name goes", () => {
    expect(told(decided(moved, { ...there, from: known({ kind: "rename", state: "queued" }) }))).toEqual(["queue rename f"]);
  });
  test("and is a symlink is renamed without a version", () => {
    expect(decided(moved, { ...there, from: known({ kind: "link" }) })).toMatchObject([{ change: { kind: "rename", version: null } }]);
  });
  test("by our own retention is no change", () => {
    expect(decided(moved, { ...there, from: known({ removedByUs: true }) })).toEqual([]);
  });
});
