import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Files } from "../../src/flow/send/contract.ts";
import type { ErrorCode } from "../../src/kernel/error-codes.ts";
import { hasCode } from "../../src/kernel/errors.ts";
import { type Bytes, bytesOf, bytesOfText } from "../../src/kernel/path.ts";

/** The part of what `Files` promises that opens no file. `now`: asked in each test. Call it within a `describe`. */
export function describeFileNames(now: () => { files: Files; directory: string }): void {
  const at = (path: string): Bytes => `${now().directory}/${path}` as Bytes;

  it("tells a missing path by null, also below a file", async () => {
    const { files } = now();
    writeFileSync(at("a"), "");
    symlinkSync("nowhere", at("dangling"));
    expect(await files.lstat(at("none"))).toBeNull();
    expect(await files.stat(at("none/deeper"))).toBeNull();
    expect(await files.lstat(at("a/below"))).toBeNull();
    expect(await files.stat(at("dangling"))).toBeNull();
    expect((await files.lstat(at("dangling")))?.kind).toBe("symlink");
  });

  it("makes a directory once, and says what is in the way", async () => {
    const { files } = now();
    expect(await files.mkdir(at("d"), 0o755)).toBe(true);
    expect(await files.mkdir(at("d"), 0o755)).toBe(false);
    writeFileSync(at("file"), "");
    symlinkSync("d", at("link"));
    await expectCode(files.mkdir(at("file"), 0o755), "wrong-type");
    await expectCode(files.mkdir(at("link"), 0o755), "wrong-type");
    await expectCode(files.mkdir(at("none/d"), 0o755), "not-found");
  });

  it("removes files, symlinks themselves and empty directories, and nothing else", async () => {
    const { files } = now();
    mkdirSync(at("d"));
    writeFileSync(at("d/a"), "");
    symlinkSync("d", at("link"));
    expect(await files.remove(at("none"))).toBe(false);
    expect(await files.rmdir(at("none"))).toBe(false);
    await expectCode(files.remove(at("d")), "wrong-type");
    await expectCode(files.rmdir(at("d")), "not-empty");
    await expectCode(files.rmdir(at("d/a")), "wrong-type");
    expect(await files.remove(at("link"))).toBe(true);
    expect(existsSync(at("d/a"))).toBe(true);
    expect(await files.remove(at("d/a"))).toBe(true);
    expect(await files.rmdir(at("d"))).toBe(true);
    expect(existsSync(at("d"))).toBe(false);
  });

  it("replaces whatever file is there, and a symlink rather than what it points to", async () => {
    const { files } = now();
    for (const name of ["new1", "new2", "new3", "old", "pointed"]) writeFileSync(at(name), name);
    symlinkSync("pointed", at("link"));
    await files.replace(at("new1"), at("old"));
    await files.replace(at("new2"), at("link"));
    await files.replace(at("new3"), at("fresh"));
    expect(["old", "link", "fresh", "pointed"].map((name) => readFileSync(at(name), "utf8"))).toEqual(["new1", "new2", "new3", "pointed"]);
    expect(lstatSync(at("link")).isFile()).toBe(true);
    expect(existsSync(at("new1"))).toBe(false);
    mkdirSync(at("d"));
    await expectCode(files.replace(at("fresh"), at("d")), "wrong-type");
    await expectCode(files.replace(at("none"), at("old")), "not-found");
    expect(readFileSync(at("old"), "utf8")).toBe("new1");
  });

  it("makes and reads symlinks as they are, whatever they point to", async () => {
    const { files } = now();
    const target = "../\xff odd\n target;$(x)" as Bytes;
    await files.symlink(target, at("link"));
    expect(bytesOf(readlinkSync(at("link"), { encoding: "buffer" }))).toBe(target);
    expect(await files.readlink(at("link"))).toBe(target);
    await expectCode(files.symlink(target, at("link")), "exists");
    await expectCode(files.readlink(at("none")), "not-found");
  });

  it("makes hard links where it says that it can", async () => {
    const { files } = now();
    writeFileSync(at("a"), "a");
    expect(files.features.hardlink).toBe(true);
    await files.hardlink(at("a"), at("b"));
    expect(statSync(at("b")).ino).toBe(statSync(at("a")).ino);
    await expectCode(files.hardlink(at("a"), at("b")), "exists");
    await expectCode(files.hardlink(at("none"), at("c")), "not-found");
  });

  it("sets attributes by path, of a symlink those of itself", async () => {
    const { files } = now();
    writeFileSync(at("a"), "a");
    symlinkSync("a", at("link"));
    mkdirSync(at("d"));
    await files.setAttributes(at("a"), { mode: 0o604, mtimeS: 1_000_000_000 });
    await files.setAttributes(at("d"), { mode: 0o2750, mtimeS: 1_100_000_000 });
    await files.setAttributes(at("link"), { mode: 0o777, mtimeS: 1_200_000_000 });
    expect(await files.lstat(at("a"))).toMatchObject({ mode: 0o604, mtimeS: 1_000_000_000 });
    expect(await files.lstat(at("d"))).toMatchObject({ kind: "directory", mode: 0o2750, mtimeS: 1_100_000_000 });
    expect(await files.stat(at("link"))).toMatchObject({ kind: "file", mode: 0o604, mtimeS: 1_000_000_000 });
    await expectCode(files.setAttributes(at("none"), { mode: 0o600 }), "not-found");
  });

  it("lists thousands of entries, each once, with what they are", async () => {
    const { files } = now();
    mkdirSync(at("d"));
    for (let index = 0; index < 2500; index++) writeFileSync(at(`d/f${index}`), "x".repeat(index % 7));
    mkdirSync(at("d/sub"));
    symlinkSync("nowhere", at("d/link"));
    const entries = await files.list(at("d"));
    expect(entries.map((entry) => entry.name).toSorted()).toEqual(readdirSync(at("d")).toSorted());
    const kinds = new Map(entries.map((entry) => [entry.name as string, entry.facts]));
    expect([kinds.get("sub")?.kind, kinds.get("link")?.kind, kinds.get("f6")?.kind]).toEqual(["directory", "symlink", "file"]);
    expect(kinds.get("f6")?.sizeBytes).toBe(6);
    expect(await files.list(at("d/sub"))).toEqual([]);
    await expectCode(files.list(at("none")), "not-found");
  });

  it("tells free space, and makes directories durable", async () => {
    const { files } = now();
    const space = await files.space(bytesOfText(now().directory));
    expect(space).not.toBeNull();
    expect(space!.totalBytes).toBeGreaterThanOrEqual(space!.freeBytes);
    expect(space!.freeBytes).toBeGreaterThan(0);
    await files.syncPath(bytesOfText(now().directory));
    await expectCode(files.syncPath(at("none")), "not-found");
  });

  it("says that it ended when it is disposed of", async () => {
    const { files } = now();
    await files[Symbol.asyncDispose]();
    expect(await files.ended).toBeNull();
  });
}

export async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => (hasCode(error, code) ? code : error),
  );
  expect(outcome).toBe(code);
}
