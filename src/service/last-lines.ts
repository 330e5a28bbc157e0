import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { errnoOf } from "../kernel/errors.ts";

const READ_BYTES_MAX = 16 * 1024;
const LINE_CHARACTERS_MAX = 400;

/** The last lines of a file from a position on; none where there is no file. */
export function lastLines(file: string, fromBytes: number, linesMax: number): string[] {
  const text = readTail(file, fromBytes, READ_BYTES_MAX);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-linesMax).map((line) => (line.length > LINE_CHARACTERS_MAX ? `${line.slice(0, LINE_CHARACTERS_MAX)}…` : line));
}

export function sizeOf(file: string): number {
  return withFile(file, "r", (fd) => fstatSync(fd).size) ?? 0;
}

/** Keeps the end of a file that is only appended to, where it became too long. Lines that are written just then may be lost. */
export function shortenFile(file: string, aboveBytes: number, keepBytes: number): void {
  if (sizeOf(file) <= aboveBytes) return;
  const tail = readTail(file, 0, keepBytes);
  withFile(file, "r+", (fd) => {
    ftruncateSync(fd, 0);
    writeSync(fd, tail.slice(tail.indexOf("\n") + 1), 0);
  });
}

function readTail(file: string, fromBytes: number, bytesMax: number): string {
  const read = withFile(file, "r", (fd) => {
    const { size } = fstatSync(fd);
    // A file that is shorter than where we began was shortened meanwhile.
    const from = Math.max(size < fromBytes ? 0 : fromBytes, size - bytesMax);
    const buffer = Buffer.alloc(size - from);
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, from));
  });
  return read ?? "";
}

function withFile<Result>(file: string, flags: string, use: (fd: number) => Result): Result | null {
  let fd;
  try {
    fd = openSync(file, flags);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
