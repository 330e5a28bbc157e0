import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Random } from "../../../test/support/random.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath, type Bytes, bytesOfText } from "../../kernel/path.ts";
import { type DigestAlgorithm, digestAlgorithms, toolNames } from "../digest.ts";
import { type Version, versionOf } from "../version.ts";
import { PACK_BYTES, PACKS_MAX, SourceReader } from "./source-reader.ts";

const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;
const versionAt = (path: string): Version => versionOf(lstatSync(path, { bigint: true }));

function toolSays(algorithm: DigestAlgorithm, path: string): string {
  return execFileSync(toolNames[algorithm], [path], { encoding: "utf8" }).split(" ")[0]!;
}

describe("digests", () => {
  test.each(digestAlgorithms)("%s is what the tool of coreutils prints, for an empty, a small and a large file", async (algorithm) => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    for (const size of [0, 1, 4096, PACK_BYTES + 3]) {
      const path = join(temporary.path, `f${size}`);
      writeFileSync(path, new Random(size).fill(size));
      expect(await reader.digest(abs(path), versionAt(path), algorithm)).toEqual({ kind: "digest", hex: toolSays(algorithm, path) });
      expect(await reader.digest(abs(path), null, algorithm)).toEqual({ kind: "digest", hex: toolSays(algorithm, path) });
    }
  });

  test("of a part of a file is that of those bytes only", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const bytes = new Random(1).fill(3 * 1024 * 1024);
    writeFileSync(join(temporary.path, "whole"), bytes);
    writeFileSync(join(temporary.path, "part"), bytes.subarray(1000, 2_000_000));
    const part = await reader.digest(abs(join(temporary.path, "whole")), null, "sha256", { offset: 1000, lengthBytes: 1_999_000 });
    expect(part).toEqual({ kind: "digest", hex: toolSays("sha256", join(temporary.path, "part")) });
    expect(await reader.digest(abs(join(temporary.path, "part")), null, "sha256", { offset: 0, lengthBytes: 3_000_000 })).toEqual({
      kind: "changed",
    });
  });
});

describe("what is not the version that was meant", () => {
  test("a file that was replaced, or grows, is changed", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const path = join(temporary.path, "f");
    writeFileSync(path, "one");
    const version = versionAt(path);
    appendFileSync(path, "two");
    expect(await reader.digest(abs(path), version, "sha256")).toEqual({ kind: "changed" });
    writeFileSync(join(temporary.path, "g"), "one");
    renameSync(join(temporary.path, "g"), path);
    expect(await reader.digest(abs(path), version, "sha256")).toEqual({ kind: "changed" });
  });

  test("a file that is written while it is read is never taken for one version", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const path = join(temporary.path, "f");
    writeFileSync(path, Buffer.alloc(64 * 1024 * 1024));
    const version = versionAt(path);
    const reading = reader.digest(abs(path), version, "sha256");
    const descriptor = openSync(path, "r+");
    for (let written = 0; written < 200; written++) {
      writeSync(descriptor, "x", written * 300_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    closeSync(descriptor);
    expect(await reading).toEqual({ kind: "changed" });
  });

  test.each([
    ["a fifo", (path: string) => void execFileSync("mkfifo", [path])],
    ["a symlink", (path: string) => symlinkSync("/etc/passwd", path)],
  ])("%s in the file's place is not followed and does not hang", async (_what, place) => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const path = join(temporary.path, "f");
    writeFileSync(path, "x");
    const version = versionAt(path);
    rmSync(path);
    place(path);
    expect(await reader.digest(abs(path), version, "sha256")).toEqual({ kind: "changed" });
    expect(await reader.digest(abs(path), null, "sha256")).toEqual({ kind: "changed" });
  });

  test("what is not there is gone, also where a directory on the way is a file now", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    writeFileSync(join(temporary.path, "f"), "x");
    expect(await reader.digest(abs(join(temporary.path, "nothing")), null, "sha256")).toEqual({ kind: "gone" });
    expect(await reader.digest(abs(join(temporary.path, "f/below")), null, "sha256")).toEqual({ kind: "gone" });
  });

  test("a directory is no file", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    mkdirSync(join(temporary.path, "d"));
    expect(await reader.digest(abs(join(temporary.path, "d")), null, "sha256")).toEqual({ kind: "changed" });
  });
});

describe("packs", () => {
  test("never use more buffers than the limit, and use them again", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const path = join(temporary.path, "f");
    writeFileSync(path, "content");
    const file = { source: abs(path), version: versionAt(path), name: "f" as Bytes, mode: 0o644, mtimeS: 1 };
    const take = (): ReturnType<SourceReader["pack"]> => reader.pack([file], { tar: false, algorithm: "sha256" });
    for (let round = 0; round < 3; round++) {
      const packs = await Promise.all(Array.from({ length: PACKS_MAX }, take));
      expect(reader.canPack).toBe(false);
      await expect(take()).rejects.toThrow("only while a buffer is free");
      for (const pack of packs) {
        expect(pack.bytes.toString()).toBe("content");
        pack[Symbol.dispose]();
        pack[Symbol.dispose]();
      }
      expect(reader.canPack).toBe(true);
    }
  });

  test("a large digest under way does not hold up a pack", async () => {
    await using temporary = await makeTemporary();
    await using reader = new SourceReader();
    const [small, large] = [join(temporary.path, "small"), join(temporary.path, "large")];
    writeFileSync(small, "content");
    writeFileSync(large, Buffer.alloc(256 * 1024 * 1024));
    let digested = false;
    const digest = reader.digest(abs(large), versionAt(large), "md5").then(() => (digested = true));
    using pack = await reader.pack([{ source: abs(small), version: versionAt(small), name: "s" as Bytes, mode: 0o644, mtimeS: 1 }], {
      tar: true,
      algorithm: null,
    });
    expect(digested).toBe(false);
    expect(pack.packed).toMatchObject([{ kind: "packed" }]);
    await digest;
  });

  test("a reader that has ended says so", async () => {
    const reader = new SourceReader();
    await reader[Symbol.asyncDispose]();
    await expect(reader.digest(abs("/etc/passwd"), null, "sha256")).rejects.toThrow("the reader has ended");
  });
});
