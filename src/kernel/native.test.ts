import { closeSync, lstatSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AT_CWD,
  closeFd,
  fsTypeOf,
  openAt,
  opening,
  parseDirectory,
  readDirectory,
  readLinkAt,
  statAt,
  syncfs,
  tryLock,
  writerOf,
} from "./native.ts";
import { bytesOfText } from "./path.ts";
import { nameFsType } from "./file-system-type.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "hotdir-native-"));
});
afterAll(() => rmSync(place, { recursive: true }));

test("statx tells what Node's lstat tells", () => {
  const path = join(place, "facts");
  writeFileSync(path, "12345", { mode: 0o640 });
  const [told, wanted] = [statAt(AT_CWD, bytesOfText(path)), lstatSync(path, { bigint: true })];
  expect(told).toMatchObject({
    identity: `${wanted.dev}:${wanted.ino}`,
    type: "file",
    mode: Number(wanted.mode & 0o7777n),
    links: 1,
    sizeBytes: 5,
    mtimeNs: wanted.mtimeNs,
  });
  expect(statAt(AT_CWD, bytesOfText("/dev/null"))).toMatchObject({ type: "special" });
});

test("a device number has the form that Node shows, also of another file system", () => {
  for (const path of ["/proc", "/dev", "/sys", "/"]) {
    const wanted = lstatSync(path, { bigint: true });
    expect(statAt(AT_CWD, bytesOfText(path))).toMatchObject({ identity: `${wanted.dev}:${wanted.ino}` });
  }
});

test("what is not there is minus ENOENT", () => {
  expect(statAt(AT_CWD, bytesOfText(join(place, "none")))).toBe(-2);
  expect(openAt(AT_CWD, bytesOfText(join(place, "none")), opening.file)).toBe(-2);
});

test("a directory gives its names as bytes, a symlink its target", () => {
  const directory = mkdtempSync(join(place, "names-"));
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0x0a, 0x41])]), "");
  symlinkSync("some/where", join(directory, "l"));
  const fd = openAt(AT_CWD, bytesOfText(directory), opening.directory);
  const buffer = Buffer.alloc(4096);
  const names: string[] = [];
  parseDirectory(buffer, readDirectory(fd, buffer), (name) => names.push(name));
  expect(names.toSorted()).toEqual(["l", "\xff\nA"]);
  expect(readLinkAt(fd, bytesOfText("l"))).toBe("some/where");
  expect(readDirectory(fd, buffer)).toBe(0);
  closeFd(fd);
});

test("a directory is not opened through a symlink at the end", () => {
  symlinkSync(place, join(place, "self"));
  expect(openAt(AT_CWD, bytesOfText(join(place, "self")), opening.directory)).toBeLessThan(0);
});

test("a file has a writer while somebody has it open for writing, and only then", () => {
  const path = bytesOfText(join(place, "written"));
  const fd = openSync(path, "w");
  expect(writerOf(path)).toBe("open");
  closeSync(fd);
  expect(writerOf(path)).toBe("none");
  expect(writerOf(bytesOfText(join(place, "none")))).toBe("unknown");
});

test("a lock is refused to a second holder until the first lets go", () => {
  const path = join(place, "lock");
  const [first, second] = [openSync(path, "w"), openSync(path, "w")];
  expect(tryLock(first)).toBe(true);
  expect(tryLock(second)).toBe(false);
  closeSync(first);
  expect(tryLock(second)).toBe(true);
  closeSync(second);
  expect(() => tryLock(second)).toThrow("EBADF");
});

test("file systems have names, and local ones are not network ones", () => {
  expect(fsTypeOf(bytesOfText("/proc")).network).toBe(false);
  expect(fsTypeOf(bytesOfText("/dev/shm"))).toEqual({ name: "tmpfs", network: false });
  expect(() => fsTypeOf(bytesOfText(join(place, "none")))).toThrow("ENOENT");
});

test("network file systems are known by their numbers, an unknown one counts as local", () => {
  expect([0x6969, 0x0bd00bd0, 0x47504653, 0x65735546, 0xff534d42].map((magic) => nameFsType(magic).network)).toEqual(Array(5).fill(true));
  expect(nameFsType(0x1234)).toEqual({ name: "type 0x1234", network: false });
});

test("syncfs ends, and fails for what is no descriptor", async () => {
  const fd = openSync(place, "r");
  await syncfs(fd);
  closeSync(fd);
  await expect(syncfs(-1)).rejects.toThrow("syncfs");
});
