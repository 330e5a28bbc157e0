import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../test/support/random.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** `entry`, a tree or a file, is all that `source` holds. */
export type Load = { source: string; entry: string; files: number; bytes: number };

export type DataSet = {
  name: "small" | "large" | "mixed";
  title: string;
  whole: Load;
  /** A part, for tools that take round trips for each file, one file at a time. null: such a tool is left out there. */
  sample: Load | null;
};

/** Incompressible; files begin at different places in it, so that no two are alike. */
const pool = randomFillSync(Buffer.allocUnsafeSlow(64 * MiB));

export function makeDataSet(name: DataSet["name"], directory: string, quick: boolean): DataSet {
  mkdirSync(directory);
  switch (name) {
    case "small":
      return quick ? makeSmall(directory, 1000, 2) : makeSmall(directory, 20_000, 100);
    case "large":
      return makeLarge(directory, quick ? 32 : 2048);
    case "mixed":
      return makeMixed(directory, quick ? 0.02 : 1);
  }
}

function makeSmall(directory: string, files: number, sampleFiles: number): DataSet {
  return {
    name: "small",
    title: `${files.toLocaleString("en")} files of 4 KiB`,
    whole: fillSmall(join(directory, "whole"), files),
    sample: fillSmall(join(directory, "sample"), sampleFiles),
  };
}

export function fillSmall(source: string, files: number, fileBytes = 4 * KiB): Load {
  for (let at = 0; at < files; at++) {
    const folder = join(source, "tree", `d${Math.floor(at / 1000)}`);
    if (at % 1000 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${at}`), pool.subarray(at * 61, at * 61 + fileBytes));
  }
  return { source, entry: "tree", files, bytes: files * fileBytes };
}

function makeLarge(directory: string, sizeMiB: number): DataSet {
  const source = join(directory, "whole");
  mkdirSync(source);
  const file = openSync(join(source, "large.bin"), "w", 0o644);
  const block = Buffer.from(pool.subarray(0, 32 * MiB));
  for (let at = 0; at < sizeMiB; at += 32) {
    block.writeUInt32LE(at, 0);
    writeSync(file, block);
  }
  closeSync(file);
  const title = sizeMiB >= 1024 ? `one file of ${sizeMiB / 1024} GiB` : `one file of ${sizeMiB} MiB`;
  return { name: "large", title, whole: { source, entry: "large.bin", files: 1, bytes: sizeMiB * MiB }, sample: null };
}

/** What instruments leave: many small files, some images, a few large ones, in directories three deep. */
function makeMixed(directory: string, scale: number): DataSet {
  const random = new Random(20_261_122);
  const kinds = [
    { count: 4000, fromBytes: 0, toBytes: 16 * KiB },
    { count: 800, fromBytes: 100 * KiB, toBytes: 1000 * KiB },
    { count: 60, fromBytes: 2 * MiB, toBytes: 6 * MiB },
    { count: 4, fromBytes: 64 * MiB, toBytes: 64 * MiB },
  ];
  const source = join(directory, "whole");
  let files = 0;
  let bytes = 0;
  for (const { count, fromBytes, toBytes } of kinds) {
    for (let at = 0; at < Math.ceil(count * scale); at++) {
      const folder = join(source, "tree", `a${random.between(0, 3)}`, `b${random.between(0, 3)}`, `c${random.between(0, 3)}`);
      mkdirSync(folder, { recursive: true });
      const sizeBytes = random.between(fromBytes, toBytes);
      const from = random.between(0, pool.length - sizeBytes);
      writeFileSync(join(folder, `f${files}`), pool.subarray(from, from + sizeBytes));
      files++;
      bytes += sizeBytes;
    }
  }
  const title = `a mixed tree: ${files.toLocaleString("en")} files, 0 to 64 MiB, ${Math.round(bytes / MiB)} MiB`;
  return { name: "mixed", title, whole: { source, entry: "tree", files, bytes }, sample: null };
}

/** Empty files, a thousand in each directory, for what concerns names only. The number of files and directories. */
export function makeEmptyFiles(directory: string, files: number): number {
  mkdirSync(directory);
  for (let at = 0; at < files; at++) {
    const folder = join(directory, `d${Math.floor(at / 1000)}`);
    if (at % 1000 === 0) mkdirSync(folder);
    closeSync(openSync(join(folder, `file-${at}.dat`), "w", 0o644));
  }
  return files + Math.ceil(files / 1000);
}

/** Reads everything once, so that the page cache holds it. */
export function warm(directory: string): void {
  const buffer = Buffer.allocUnsafe(4 * MiB);
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = openSync(join(entry.parentPath, entry.name), "r");
    while (readSync(file, buffer) > 0);
    closeSync(file);
  }
}
