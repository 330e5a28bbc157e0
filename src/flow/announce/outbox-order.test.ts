import fc from "fast-check";
import { expect, test } from "vitest";
import { put, rel } from "../../../test/support/ledger.ts";
import type { Change } from "../transfer.ts";
import { mayBeTold } from "./outbox-order.ts";

const gone = (path: string): Change => ({ kind: "delete", path: rel(path) });
const goneDirectory = (path: string): Change => ({ kind: "rmdir", path: rel(path) });
const moved = (from: string, path: string): Change => ({
  kind: "rename",
  path: rel(path),
  from: rel(from),
  directory: true,
  version: null,
  mode: 0o755,
});

function may(...line: Array<Change | [Change, "under way"]>): string[] {
  const inLine = line.map((one) => (Array.isArray(one) ? { change: one[0], isUnderWay: true } : { change: one, isUnderWay: false }));
  return mayBeTold(inLine).map(({ change }) => change.path);
}

test("what concerns different paths goes at once, in order", () => {
  expect(may(put("b"), put("a"), put("d/c"))).toEqual(["b", "a", "d/c"]);
});

test("of one path the later waits for the earlier, whether that waits itself or is with the broker", () => {
  expect(may(put("a", 1), put("a", 2), gone("a"))).toEqual(["a"]);
  expect(may([put("a", 1), "under way"], put("a", 2), put("b"))).toEqual(["b"]);
});

test("the removal of a directory waits for what is earlier below it, and what is later below it waits for the removal", () => {
  expect(may([gone("d/a"), "under way"], goneDirectory("d"), put("d/b"), put("da"))).toEqual(["da"]);
  expect(may(gone("d/a"), goneDirectory("d"))).toEqual(["d/a"]);
});

test("a rename concerns both its names", () => {
  expect(may([put("a/x"), "under way"], moved("a", "b"), put("b/y"), put("c"))).toEqual(["c"]);
  expect(may(moved("a", "b"), put("a"), put("b"))).toEqual(["b"]);
});

test("what may go at once never concerns each other, and the first that is not under way always may where nothing is", () => {
  const path = fc.constantFrom("a", "a/b", "a/b/c", "d", "d/e");
  const change = fc.oneof(
    path.map((at): Change => put(at)),
    path.map(gone),
    path.map(goneDirectory),
    fc.tuple(path, path).map(([from, to]) => moved(from, to)),
  );
  const concerns = (one: Change, other: Change): boolean => {
    const paths = (of: Change): string[] => (of.kind === "rename" ? [of.path, of.from] : [of.path]);
    const structural = (of: Change): boolean => of.kind !== "put";
    return paths(one).some((mine) =>
      paths(other).some(
        (its) => mine === its || (structural(one) && its.startsWith(`${mine}/`)) || (structural(other) && mine.startsWith(`${its}/`)),
      ),
    );
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(change, fc.boolean()), { maxLength: 12 }), (line) => {
      const inLine = line.map(([one, isUnderWay]) => ({ change: one, isUnderWay }));
      const chosen = new Set(mayBeTold(inLine));
      for (const [at, one] of inLine.entries()) {
        const waits = inLine.slice(0, at).some((earlier) => concerns(earlier.change, one.change));
        expect(chosen.has(one)).toBe(!one.isUnderWay && !waits);
      }
    }),
  );
});
