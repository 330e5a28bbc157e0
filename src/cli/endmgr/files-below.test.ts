import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { writeFiles } from "../../../test/integration/engine-world.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { filesBelow } from "./files-below.ts";

test("a directory that cannot be read is told, and its neighbours are found; one that is gone is no fault", async () => {
  await using place = await makeTemporary();
  writeFiles(place.path, { "d/a": "a", "d/e/b": "b", file: "" });
  const told: string[] = [];
  const below = (directory: string): string[] => [
    ...filesBelow(`${place.path}/${directory}` as AbsPath, (at, why) => void told.push(`${at.slice(place.path.length + 1)}: ${why}`)),
  ];
  expect(below("d").toSorted()).toEqual(["a", "e/b"]);
  expect(below("gone")).toEqual([]);
  expect(told).toEqual([]);
  // What nobody may read answers in the same way, to all but root.
  expect(below("file")).toEqual([]);
  expect(told).toEqual(["file: ENOTDIR"]);
});
