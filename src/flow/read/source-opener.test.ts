import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { closeFd, errnoName } from "../../kernel/native.ts";
import { type AbsPath, type Bytes, bytesOfText } from "../../kernel/path.ts";
import { versionOf } from "../version.ts";
import { pack } from "./pack.ts";
import { SourceOpener } from "./source-opener.ts";
import { SourceReader } from "./source-reader.ts";

const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;

function opened(root: string, path: string): string {
  using opener = new SourceOpener(abs(root));
  const fd = opener.open(abs(path));
  if (fd < 0) return errnoName(fd);
  try {
    return readFileSync(fd, "utf8");
  } finally {
    closeFd(fd);
  }
}

test("a symlink anywhere below the root is not followed, one above it is", async () => {
  await using temporary = await makeTemporary();
  const at = (path: string): string => join(temporary.path, path);
  mkdirSync(at("real/a/b"), { recursive: true });
  writeFileSync(at("real/a/b/f"), "inside");
  symlinkSync("real", at("root"));
  symlinkSync("a", at("real/link"));
  symlinkSync("b", at("real/a/link"));
  symlinkSync("f", at("real/a/b/link"));
  expect(opened(at("root"), at("root/a/b/f"))).toBe("inside");
  for (const path of ["root/link/b/f", "root/a/link/f", "root/a/b/link"]) expect(opened(at("root"), at(path))).toBe("ELOOP");
  expect(opened(at("root"), at("root/a/b/f/g"))).toBe("ENOTDIR");
  expect(opened(at("root"), at("root/a/none/f"))).toBe("ENOENT");
  expect(opened(at("real/a"), at("real/link/b/f"))).toBe("inside");
});

test("a file is changed where a symlink has taken the place of its directory, for packs and digests", async () => {
  await using temporary = await makeTemporary();
  const root = join(temporary.path, "root");
  mkdirSync(join(root, "run1"), { recursive: true });
  writeFileSync(join(root, "run1/f"), "content");
  const source = abs(join(root, "run1/f"));
  const file = { source, version: versionOf(lstatSync(source, { bigint: true })), name: "f" as Bytes, mode: 0o644, mtimeS: 1 };
  await using reader = new SourceReader(abs(root));
  const packed = async (): Promise<string[]> => {
    using filled = await reader.pack([file], { tar: true, algorithm: "sha256" });
    return filled.packed.map((one) => one.kind);
  };
  expect([await packed(), (await reader.digest(source, file.version, "sha256")).kind]).toEqual([["packed"], "digest"]);
  renameSync(join(root, "run1"), join(temporary.path, "archived"));
  symlinkSync("../archived", join(root, "run1"));
  expect([await packed(), (await reader.digest(source, file.version, "sha256")).kind]).toEqual([["changed"], "changed"]);
});

test("directories are left and entered in any order, however deep", async () => {
  await using temporary = await makeTemporary();
  const deep = Array.from({ length: 40 }, (_, level) => `s${level}`);
  const directories = ["", "a", "a/b", "a/b/c", "a/d", deep.join("/"), `${deep.join("/")}/x`, deep.slice(0, 31).join("/")];
  for (const directory of directories) {
    mkdirSync(join(temporary.path, directory), { recursive: true });
    writeFileSync(join(temporary.path, directory, "f"), directory);
  }
  const before = readdirSync("/proc/self/fd").length;
  {
    using opener = new SourceOpener(abs(temporary.path));
    const read = (directory: string): string => {
      const fd = opener.open(abs(join(temporary.path, directory, "f")));
      if (fd < 0) return errnoName(fd);
      const content = readFileSync(fd, "utf8");
      closeFd(fd);
      return content;
    };
    for (const first of directories)
      for (const second of directories) expect([read(first), read("a/none/b"), read(second)]).toEqual([first, "ENOENT", second]);
  }
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("descriptors are given back, also after many directories", async () => {
  await using temporary = await makeTemporary();
  const files = Array.from({ length: 60 }, (_, number) => {
    const path = join(temporary.path, `d${number % 20}`, `f${number}`);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "x");
    return { source: abs(path), version: versionOf(lstatSync(path, { bigint: true })), name: "f" as Bytes, mode: 0o644, mtimeS: 1 };
  });
  const before = readdirSync("/proc/self/fd").length;
  const { packed } = pack(files, Buffer.alloc(200_000), { tar: true, algorithm: null, chmod: null, root: abs(temporary.path) });
  expect(new Set(packed.map((one) => one.kind))).toEqual(new Set(["packed"]));
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("a file that was named is read over a symlink, and is another version once the link leads elsewhere", async () => {
  await using temporary = await makeTemporary();
  const at = (path: string): AbsPath => abs(join(temporary.path, path));
  writeFileSync(at("one"), "content");
  symlinkSync("one", at("link"));
  const version = versionOf(statSync(at("link"), { bigint: true }));
  const file = { source: at("link"), boundary: null, follow: true, version, name: "f" as Bytes, mode: 0o644, mtimeS: 1 };
  await using reader = new SourceReader();
  const packed = async (follow: boolean): Promise<string[]> => {
    using filled = await reader.pack([{ ...file, follow }], { tar: true, algorithm: "md5" });
    return filled.packed.map((one) => one.kind);
  };
  const digested = async (): Promise<string> =>
    (await reader.digest({ path: at("link"), boundary: null, follow: true }, version, "md5")).kind;
  expect([await packed(true), await packed(false), await digested()]).toEqual([["packed"], ["changed"], "digest"]);
  writeFileSync(at("other"), "content");
  unlinkSync(at("link"));
  symlinkSync("other", at("link"));
  expect([await packed(true), await digested()]).toEqual([["changed"], "changed"]);
});
