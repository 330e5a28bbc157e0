import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { type AbsPath, absPath, type Bytes, fsPath, nameOf } from "../../kernel/path.ts";

const MODE = 0o644;
/** A name may be as long as a file system takes; its draft must not be longer. */
const DRAFT_BYTES_MAX = 240;

/**
 * Writes a file of ours whole and durably, from parts of which one is in memory at a time. Again without harm: the same bytes come to
 * stand there, under the same draft name. Throws as the file system does; then what was there before is there.
 */
export function writeManifest(file: AbsPath, parts: Iterable<Uint8Array>): void {
  const directory = parentOf(file);
  makeDirectory(directory);
  const draft = `${directory === "/" ? "" : directory}/.${nameOf(file).slice(0, DRAFT_BYTES_MAX)}.new` as AbsPath;
  const descriptor = openSync(fsPath(draft), "w", MODE);
  try {
    for (const part of parts) for (let at = 0; at < part.length; at += writeSync(descriptor, part, at));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fsPath(draft), fsPath(file));
  syncDirectory(directory);
}

/** Whether a file of this size is there. */
export function isThere(file: AbsPath, sizeBytes: number): boolean {
  const stat = lstatSync(fsPath(file), { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && stat.size === sizeBytes;
}

/** Each new name is durable in its parent before anything is put below it. */
function makeDirectory(directory: AbsPath): void {
  if (lstatSync(fsPath(directory), { throwIfNoEntry: false }) !== undefined) return;
  makeDirectory(parentOf(directory));
  mkdirSync(fsPath(directory), { recursive: true });
  syncDirectory(parentOf(directory));
}

function syncDirectory(directory: AbsPath): void {
  const descriptor = openSync(fsPath(directory), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function parentOf(path: AbsPath): AbsPath {
  return absPath(`${path}/..` as Bytes);
}
