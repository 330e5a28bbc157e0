import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostileNames } from "../../../test/support/names.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath, type Bytes, bytesOfText, fsPath } from "../../kernel/path.ts";
import { versionOf } from "../version.ts";
import { pack, PACK_OVERHEAD_BYTES, packedBytes, type PackFile } from "./pack.ts";

const mtimeS = 1_700_000_000;
let made = 0;

/** A source file, and how it is asked for. */
function source(directory: string, content: Buffer | string, name = `archived-${made}` as Bytes, mode = 0o640): PackFile {
  const path = bytesOfText(join(directory, `source-${made++}`)) as AbsPath;
  writeFileSync(fsPath(path), content);
  utimesSync(fsPath(path), mtimeS, mtimeS);
  return { source: path, version: versionOf(lstatSync(fsPath(path), { bigint: true })), name, mode, mtimeS };
}

function room(files: PackFile[]): Buffer {
  // Not zeroed: whatever was in the buffer before must not get into the archive.
  return Buffer.alloc(
    files.reduce((sum, file) => sum + packedBytes(file), PACK_OVERHEAD_BYTES),
    0xaa,
  );
}

const plainly = { tar: false, algorithm: "sha256", chmod: null, root: null } as const;

function archive(files: PackFile[]): { bytes: Buffer; kinds: string[] } {
  const into = room(files);
  const { lengthBytes, packed } = pack(files, into, { ...plainly, tar: true });
  expect(lengthBytes).toBeLessThanOrEqual(into.length);
  expect(lengthBytes % 512).toBe(0);
  return { bytes: into.subarray(0, lengthBytes), kinds: packed.map((one) => one.kind) };
}

/** What the real tar makes of an archive, in `directory`. A complaint of any kind fails. */
function unpack(bytes: Buffer, directory: string): void {
  mkdirSync(directory);
  const said = execFileSync("tar", ["-xpf", "-", "--no-same-owner", "-C", directory], {
    input: bytes,
    encoding: "latin1",
    stdio: ["pipe", "pipe", "pipe"],
  });
  expect(said).toBe("");
}

function listed(bytes: Buffer): string[] {
  return execFileSync("tar", ["-tf", "-", "--quoting-style=literal", "--show-transformed-names"], { input: bytes, encoding: "latin1" })
    .split("\n")
    .slice(0, -1);
}

describe("the real tar unpacks what we pack", () => {
  test.each([0, 1, 511, 512, 513, 1024, 100_000])("a file of %d bytes, between two others", async (size) => {
    await using temporary = await makeTemporary();
    const content = Buffer.alloc(size, "x");
    const files = [source(temporary.path, "before"), source(temporary.path, content), source(temporary.path, "after")];
    const { bytes } = archive(files);
    unpack(bytes, join(temporary.path, "out"));
    expect(readFileSync(join(temporary.path, "out", files[1]!.name)).equals(content)).toBe(true);
    expect(readFileSync(join(temporary.path, "out", files[2]!.name), "utf8")).toBe("after");
  });

  test("names of every kind and length, byte for byte", async () => {
    await using temporary = await makeTemporary();
    const deep = `${"d".repeat(200)}/${"e".repeat(200)}/${"f".repeat(255)}` as Bytes;
    const lengths = [99, 100, 101, 155, 156, 254, 255].map((length) => "l".repeat(length) as Bytes);
    const names = [...hostileNames.map((make, at) => make(`t${at}`) as Bytes), ...lengths, deep, `deep/${"x".repeat(96)}` as Bytes];
    const files = names.map((name, at) => source(temporary.path, `content ${at}`, name));
    unpack(archive(files).bytes, join(temporary.path, "out"));
    for (const [at, name] of names.entries())
      expect(readFileSync(fsPath(`${temporary.path}/out/${name}` as Bytes), "utf8")).toBe(`content ${at}`);
  });

  test("modes and times", async () => {
    await using temporary = await makeTemporary();
    const modes = [0o400, 0o644, 0o755, 0o600, 0o777, 0o4755, 0o1644];
    const times = [0, 1, mtimeS, 0x7fff_ffff, 0xffff_ffff];
    const files = [
      ...modes.map((mode) => source(temporary.path, "m", undefined, mode)),
      ...times.map((time) => ({ ...source(temporary.path, "t"), mtimeS: time })),
    ];
    const { bytes } = archive(files);
    unpack(bytes, join(temporary.path, "out"));
    const stats = files.map((file) => lstatSync(join(temporary.path, "out", file.name)));
    expect(stats.slice(0, modes.length).map((stat) => stat.mode & 0o7777)).toEqual(modes);
    expect(stats.slice(modes.length).map((stat) => stat.mtimeMs / 1000)).toEqual(times);
  });

  test("a thousand files, and nothing else", async () => {
    await using temporary = await makeTemporary();
    const files = Array.from({ length: 1000 }, (_, at) => source(temporary.path, Buffer.alloc(at % 700, at)));
    const { bytes } = archive(files);
    expect(listed(bytes)).toEqual(files.map((file) => file.name));
  });

  test("no file at all is an empty archive", () => {
    expect(listed(archive([]).bytes)).toEqual([]);
  });
});

describe("a file that is not the version that was meant", () => {
  const spoil: Array<[string, string, (path: string) => void]> = [
    ["changed", "was rewritten", (path) => writeFileSync(path, "other")],
    ["changed", "grew", (path) => writeFileSync(path, "more", { flag: "a" })],
    ["changed", "was cut off", (path) => truncateSync(path, 1)],
    ["changed", "was touched", (path) => utimesSync(path, 5, 5)],
    ["gone", "was removed", (path) => rmSync(path)],
    [
      "changed",
      "is a symlink now",
      (path) => {
        rmSync(path);
        symlinkSync("/etc/passwd", path);
      },
    ],
    [
      "changed",
      "is a fifo now",
      (path) => {
        rmSync(path);
        execFileSync("mkfifo", [path]);
      },
    ],
    [
      "changed",
      "is a directory now",
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ];
  test.each(spoil)("is %s when it %s, and leaves no trace in the archive", async (kind, _how, change) => {
    await using temporary = await makeTemporary();
    const files = [
      source(temporary.path, "before"),
      source(temporary.path, "spoiled", "s".repeat(150) as Bytes),
      source(temporary.path, "after"),
    ];
    change(files[1]!.source);
    const { bytes, kinds } = archive(files);
    expect(kinds).toEqual(["packed", kind, "packed"]);
    expect(listed(bytes)).toEqual([files[0]!.name, files[2]!.name]);
    expect(bytes.includes("sssss")).toBe(false);
  });

  test("also where it is the last, or the only one", async () => {
    await using temporary = await makeTemporary();
    const files = [source(temporary.path, "kept"), source(temporary.path, "gone".repeat(1000))];
    rmSync(files[1]!.source);
    expect(listed(archive(files).bytes)).toEqual([files[0]!.name]);
    expect(listed(archive([files[1]!]).bytes)).toEqual([]);
  });
});

test("without tar the contents stand one after the other, with their digests", async () => {
  await using temporary = await makeTemporary();
  const contents = ["first", "", "third and last"];
  const files = contents.map((content) => source(temporary.path, content));
  const into = room(files);
  const { lengthBytes, packed } = pack(files, into, { ...plainly, algorithm: "md5" });
  expect(into.toString("utf8", 0, lengthBytes)).toBe(contents.join(""));
  for (const [at, one] of packed.entries()) {
    if (one.kind !== "packed") throw new Error(one.kind);
    expect(into.toString("utf8", one.offset, one.offset + one.sizeBytes)).toBe(contents[at]);
    expect(one.hex).toBe(createHash("md5").update(contents[at]!).digest("hex"));
  }
});

test("no digest is made where none is asked for", async () => {
  await using temporary = await makeTemporary();
  const files = [source(temporary.path, "x")];
  expect(pack(files, room(files), { ...plainly, tar: true, algorithm: null }).packed).toMatchObject([{ kind: "packed", hex: null }]);
});
