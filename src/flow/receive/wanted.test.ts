import { describe, expect, test } from "vitest";
import { put, rel } from "../../../test/support/ledger.ts";
import type { Sighting } from "../detect/contract.ts";
import { changeKinds } from "../settings.ts";
import type { Change } from "../transfer.ts";
import type { Looked } from "./source-look.ts";
import { leftToDo, whatStops } from "./stands.ts";
import { type Circumstances, type Now, type Wanted, wantedAsTold, wantedByMessage } from "./wanted.ts";

const nowMs = 1_000_000;
const { version } = put("f", 1);
const facts: Circumstances = { propagate: new Set(changeKinds), nowMs, toldMsAgo: 0, begun: false, retains: false };
const without = (...kinds: Change["kind"][]): Circumstances["propagate"] => new Set(changeKinds.filter((kind) => !kinds.includes(kind)));

const seen = (sighting: Sighting, absence: Looked["absence"] = { kind: "gone" }): Looked => ({ sighting, absence });
const file = (path: string, content = 1, more: Partial<Sighting & { kind: "file" }> = {}): Looked =>
  seen({
    kind: "file",
    path: rel(path),
    version: put(path, content).version,
    mode: 0o640,
    links: 1,
    writer: "none",
    how: "event",
    ...more,
  });
const gone = (path: string, absence: Looked["absence"] = { kind: "gone" }): Looked =>
  seen({ kind: "gone", path: rel(path), directory: false }, absence);
const directory = (path: string): Looked => seen({ kind: "directory", path: rel(path), mode: 0o755 });
const away = { kind: "lost", reason: "away" } as const;
const unknown = { kind: "unknown", reason: "nothing was ever seen" } as const;

const at = (path: Looked, from: Looked | null = null): Now => ({ path, from });
const remove: Change = { kind: "delete", path: rel("f") };
const rename: Change = { kind: "rename", path: rel("f"), from: rel("g"), directory: false, version, mode: 0o600 };

/** `put f 1`, `rename f < g`, or what else is wanted. */
function told(wanted: Wanted): string {
  if (wanted.want !== "changes") return wanted.want === "nothing" ? `nothing: ${wanted.reason}` : wanted.want;
  const one = (change: Change): string => {
    const content = "version" in change && change.version !== null ? ` ${change.version.mtimeNs}` : "";
    return `${change.kind} ${change.path}${change.kind === "rename" ? ` < ${change.from}` : ""}${content}`;
  };
  return wanted.changes.map(one).join(", ");
}

const wanted = (change: Change, now: Now, more: Partial<Circumstances> = {}): string =>
  told(wantedByMessage(change, now, { ...facts, ...more }));

describe("a message is a hint, and the source is the truth", () => {
  test("a file is sent in the version that is there by now, or as what else has its name", () => {
    expect(wanted(put("f", 1), at(file("f", 2)))).toBe("put f 2");
    expect(wanted(put("f"), at(directory("f")))).toBe("mkdir f");
    expect(wanted(put("f"), at(seen({ kind: "symlink", path: rel("f"), version, target: rel("t") })))).toBe("link f 1");
    expect(wanted({ kind: "mkdir", path: rel("f"), mode: 0 }, at(file("f", 3)))).toBe("put f 3");
  });

  test("what is gone is nothing to do, unless the source as a whole is away, or was never seen", () => {
    expect(wanted(put("f"), at(gone("f")))).toBe("nothing: it was not there any more when its message came");
    expect(wanted(put("f"), at(gone("f", away)))).toBe("source-back");
    expect(wanted(put("f"), at(gone("f", unknown)))).toBe("fail");
  });

  test("what a network file system may show later is waited for while the message is young", () => {
    const late = { kind: "gone", late: true } as const;
    expect(wanted(put("f"), at(gone("f", late)))).toBe("wait");
    expect(wanted(rename, at(gone("f", late), gone("g", late)))).toBe("wait");
    expect(wanted(put("f"), at(gone("f", late)), { toldMsAgo: 120_000 })).toMatch(/^nothing/);
    expect(wanted(remove, at(gone("f", late)))).toBe("delete f");
  });

  test("what nobody may look at, or what is no file, is told", () => {
    expect(wanted(put("f"), at(seen({ kind: "unreadable", path: rel("f"), code: "EACCES" })))).toBe("fail");
    expect(wanted(remove, at(seen({ kind: "unreadable", path: rel("f"), code: "EIO" })))).toBe("fail");
    expect(wanted(put("f"), at(seen({ kind: "special", path: rel("f") })))).toMatch(/^nothing: it is neither/);
  });

  test("what somebody writes is waited for; where nobody can tell, what is young and not as told", () => {
    expect(wanted(put("f"), at(file("f", 1, { writer: "open" })))).toBe("wait");
    const young = { inode: "1:9", sizeBytes: 9, mtimeNs: BigInt(nowMs - 500) * 1_000_000n };
    expect(wanted(put("f"), at(file("f", 1, { writer: "unknown", version: young })))).toBe("wait");
    expect(wanted({ ...put("f"), version: young }, at(file("f", 1, { writer: "unknown", version: young })))).toMatch(/^put f/);
    const old = { ...young, mtimeNs: BigInt(nowMs - 5000) * 1_000_000n };
    expect(wanted(put("f"), at(file("f", 1, { writer: "unknown", version: old })))).toMatch(/^put f/);
  });

  test("only what is propagated is done, whatever is found", () => {
    expect(wanted(remove, at(gone("f")), { propagate: without("delete") })).toBe("nothing: `delete` is not propagated");
    expect(wanted(put("f"), at(directory("f")), { propagate: without("mkdir") })).toBe("nothing: `mkdir` is not propagated");
    expect(told(wantedAsTold(put("f"), without("put")))).toBe("nothing: `put` is not propagated");
    expect(told(wantedAsTold(remove, facts.propagate))).toBe("delete f");
  });
});

describe("removals", () => {
  test("are made of what is gone, also where this host knows nothing of it, and of another type's name", () => {
    expect(wanted(remove, at(gone("f")))).toBe("delete f");
    expect(wanted(remove, at(gone("f", unknown)))).toBe("delete f");
    expect(wanted(remove, at(directory("f")))).toBe("delete f");
    expect(wanted({ kind: "rmdir", path: rel("f") }, at(file("f")))).toBe("rmdir f");
  });

  test("are not made of what is there again, nor because the source went away", () => {
    expect(wanted(remove, at(file("f")))).toBe("nothing: it is there again at the source");
    expect(wanted({ kind: "rmdir", path: rel("f") }, at(directory("f")))).toBe("nothing: it is there again at the source");
    expect(wanted(remove, at(gone("f", away)))).toBe("source-back");
  });

  test("that somebody began are followed by what is there again", () => {
    expect(wanted(remove, at(file("f", 2)), { begun: true })).toBe("put f 2");
  });
});

describe("renames", () => {
  test("take what is under the new name by now", () => {
    expect(wanted(rename, at(file("f", 2), gone("g")))).toBe("rename f < g 2");
    expect(wanted({ ...rename, directory: true, version: null }, at(directory("f"), gone("g")))).toBe("rename f < g");
  });

  test("of a name that is taken again, or came from elsewhere, are puts", () => {
    expect(wanted(rename, at(file("f", 2), file("g", 3)))).toBe("put f 2");
    expect(wanted(rename, at(file("f", 2), null))).toBe("put f 2");
  });

  test("of what is gone by now leave the removal of the old name, where removals are wanted", () => {
    expect(wanted(rename, at(gone("f"), gone("g")))).toBe("delete g");
    expect(wanted(rename, at(gone("f"), gone("g")), { propagate: without("delete") })).toMatch(/^nothing/);
    expect(wanted(rename, at(gone("f"), gone("g", away)))).toBe("source-back");
  });

  test("that are not propagated are a new file, and a removal", () => {
    expect(wanted(rename, at(file("f", 2), gone("g")), { propagate: without("rename") })).toBe("put f 2, delete g");
    expect(wanted(rename, at(file("f", 2), gone("g")), { propagate: without("rename", "delete") })).toBe("put f 2");
  });

  test("that somebody began make both names as they are now", () => {
    const begun = { begun: true };
    expect(wanted(rename, at(file("f", 2), file("g", 3)), begun)).toBe("put f 2, put g 3");
    expect(wanted(rename, at(gone("f"), file("g", 3)), begun)).toBe("delete f, put g 3");
    expect(wanted(rename, at(gone("f"), gone("g")), begun)).toBe("delete f, delete g");
    expect(wanted(rename, at(file("f", 2), gone("g")), begun)).toBe("rename f < g 2");
  });
});

test("what somebody may have put there before it was gone is taken back, but not where our own retention takes files", () => {
  expect(wanted(put("f"), at(gone("f")), { begun: true })).toBe("delete f");
  expect(wanted(put("f"), at(gone("f")), { begun: true, retains: true })).toMatch(/^nothing/);
  expect(wanted(put("f"), at(gone("f")), { begun: true, propagate: without("delete") })).toMatch(/^nothing/);
});

describe("after the end of a transfer", () => {
  const stands = { propagate: facts.propagate, nowMs, tried: true, made: true, retains: false };
  const left = (done: Change, now: Now, more: Partial<typeof stands> = {}): string => told(leftToDo(done, now, { ...stands, ...more }));
  const nothing = "nothing: the source is as it was";

  test("nothing is left where the source is as it was", () => {
    expect(left(put("f", 1), at(file("f", 1)))).toBe(nothing);
    expect(left(remove, at(gone("f")))).toBe(nothing);
    expect(left({ kind: "mkdir", path: rel("f"), mode: 0 }, at(directory("f")))).toBe(nothing);
    expect(left(rename, at(file("f", 1), gone("g")))).toBe(nothing);
    expect(
      left(
        { kind: "link", path: rel("f"), version, target: rel("t") },
        at(seen({ kind: "symlink", path: rel("f"), version, target: rel("t") })),
      ),
    ).toBe(nothing);
  });

  test("what differs is done anew", () => {
    expect(left(put("f", 1), at(file("f", 2)))).toBe("put f 2");
    expect(left(put("f", 1), at(gone("f")))).toBe("delete f");
    expect(left({ kind: "mkdir", path: rel("f"), mode: 0 }, at(gone("f")))).toBe("rmdir f");
    expect(left(remove, at(file("f", 2)))).toBe("put f 2");
    expect(left(rename, at(file("f", 2), file("g", 3)))).toBe("put f 2, put g 3");
    expect(left(rename, at(gone("f"), gone("g")))).toBe("delete f");
  });

  test("what was not made is done also where the source is as it was", () => {
    expect(left(put("f", 1), at(file("f", 1)), { made: false })).toBe("put f 1");
    expect(left(rename, at(file("f", 1), file("g", 3)), { made: false })).toBe("put f 1, put g 3");
  });

  test("nothing is taken back that was never tried, that is not propagated, or that our retention took; a source that is away is waited for", () => {
    expect(left(put("f"), at(gone("f")), { tried: false })).toBe(nothing);
    expect(left(put("f"), at(gone("f")), { retains: true })).toBe(nothing);
    expect(left(put("f"), at(gone("f")), { propagate: without("delete") })).toBe(nothing);
    expect(left(put("f"), at(gone("f", away)))).toBe("source-back");
    expect(left(put("f"), at(file("f", 2, { writer: "open" })))).toBe("wait");
  });
});

test("right before a removal or rename it is looked once more", () => {
  expect(whatStops(remove, at(gone("f")))).toBeNull();
  expect(whatStops(remove, at(file("f")))).toEqual({ ends: true, reason: "it is there again at the source" });
  expect(whatStops(remove, at(gone("f", away)))).toEqual({ ends: false, reason: "away" });
  expect(whatStops(rename, at(file("f"), gone("g")))).toBeNull();
  expect(whatStops(rename, at(file("f"), file("g")))).toMatchObject({ ends: true });
  expect(whatStops(rename, at(file("f"), gone("g", away)))).toMatchObject({ ends: false });
  expect(whatStops(put("f"), at(gone("f")))).toBeNull();
});
