import { appendFileSync, lstatSync, type readSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath, type Bytes, bytesOfText } from "../../kernel/path.ts";
import { versionOf } from "../version.ts";
import { pack } from "./pack.ts";

/** What happens between two reads of the file. */
const between = vi.hoisted(() => ({ act: null as null | (() => void) }));
beforeEach(() => {
  between.act = null;
});

vi.mock(import("node:fs"), async (importOriginal) => {
  const real = await importOriginal();
  const readThenAct = (...given: Parameters<typeof readSync>): number => {
    const read = real.readSync(...given);
    between.act?.();
    between.act = null;
    return read;
  };
  return { ...real, readSync: readThenAct as typeof readSync };
});

test.each([
  ["is written on", (path: string) => appendFileSync(path, "more")],
  ["is rewritten in place, in the same size", (path: string) => writeFileSync(path, "x".repeat(1000))],
  ["is touched", (path: string) => utimesSync(path, 5, 5)],
])("a file that %s after it was read and before it is done is not packed", async (_how, change) => {
  await using temporary = await makeTemporary();
  const path = join(temporary.path, "f");
  writeFileSync(path, "c".repeat(1000));
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const file = {
    source: bytesOfText(path) as AbsPath,
    version: versionOf(lstatSync(path, { bigint: true })),
    name: "f" as Bytes,
    mode: 0o644,
    mtimeS: 1,
  };
  expect(pack([file], Buffer.alloc(4096), { tar: false, algorithm: "sha256", chmod: null, root: null }).packed).toMatchObject([
    { kind: "packed" },
  ]);
  between.act = () => change(path);
  expect(pack([file], Buffer.alloc(4096), { tar: false, algorithm: "sha256", chmod: null, root: null }).packed).toEqual([
    { kind: "changed" },
  ]);
});
