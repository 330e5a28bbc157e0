import { expect, test } from "vitest";
import { rel } from "../../test/support/ledger.ts";
import type { Wait } from "../flow/ledger/set-waits.ts";
import type { SetFacts } from "./set-facts.ts";
import { setStory } from "./set-story.ts";

const wait = (path: string, state: Wait["state"], changes: Partial<Wait> = {}): Wait => ({
  transfer: 1,
  path: rel(path),
  kind: "put",
  state,
  code: null,
  reason: null,
  ...changes,
});

function story(changes: Partial<SetFacts>, waits: Wait[] = [], count = waits.length): string {
  return setStory("f", {
    path: rel("7"),
    seenAtMs: 0,
    notWhole: null,
    waits: { first: waits, count, atLeast: false },
    manifest: null,
    ...changes,
  });
}

test("an open set names what it waits for, with the reason of what is dead and what to do", () => {
  const dead = wait("7/a b", "dead", { reason: "permission denied", code: "permission-denied" });
  expect(story({}, [dead, wait("7/b", "sending"), wait("7/c", "settling")])).toBe(
    "waits for 3 files: 7/a b (dead: permission denied; 'hotdir retry -f f '7/a b'' sends it again), 7/b (sending), 7/c (not complete at the source)",
  );
  expect(story({ notWhole: "its marker DONE was not seen" }, [wait("7/b", "queued", { kind: "delete" })], 12)).toBe(
    "is not whole yet: its marker DONE was not seen; waits for 12 files: 7/b (its removal is queued), and 11 more",
  );
  expect(story({ waits: { first: [wait("7/b", "queued")], count: 10_000, atLeast: true } })).toContain("more than 10,000 files");
  expect(story({})).toContain("compared with the source");
});

test("a complete set tells of its manifest, and of what came after it", () => {
  const manifest = { path: rel("7.json"), madeAtMs: 0, members: 2, state: "delivered", late: 0 } as const;
  expect(story({ manifest })).toMatch(/^complete since .*, with 2 files; its manifest 7\.json is delivered$/);
  expect(story({ manifest: { ...manifest, state: null } })).toContain("is being written");
  expect(story({ manifest: { ...manifest, state: "dead", late: 3 } })).toMatch(
    /is dead: 'hotdir retry .*; 3 files came after that, and are not in it$/,
  );
});
