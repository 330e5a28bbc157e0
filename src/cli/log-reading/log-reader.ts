import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, HotdirError } from "../../kernel/errors.ts";
import { listLogs, type LogName } from "../../kernel/log-names.ts";
import { bytesOfText } from "../../kernel/path.ts";

const CHUNK_BYTES = 256 * 1024;
/** A line that is longer is none of ours. */
const LINE_BYTES_MAX = 1024 * 1024;
const LISTED_TIMES_MAX = 20;
const LOOK_EVERY_MS = 200;

type OpenLog = { name: LogName; handle: FileHandle; inode: number; changedAtMs: number; begun: boolean; offset: number; rest: Buffer };

/**
 * Reads the files of a log directory while they are written and rotated: all of them were opened at one moment, so
 * none is missed or read twice, and one that is rotated away stays readable. Only whole lines are given.
 */
export class LogReader implements AsyncDisposable {
  readonly #directory: string;
  #files: OpenLog[];
  /** The highest number when the file that is written was opened: all up to it are older. */
  #newestRotated: number;

  private constructor(directory: string, files: OpenLog[]) {
    this.#directory = directory;
    this.#files = files;
    this.#newestRotated = newestRotated(files);
  }

  static async open(directory: string): Promise<LogReader> {
    return new LogReader(directory, await openAll(directory));
  }

  /** All lines, oldest first. Files that were not written to since `sinceMs` are left out. */
  async *lines(sinceMs = 0): AsyncGenerator<string> {
    for (const file of this.#files) if (file.changedAtMs >= sinceMs) yield* linesOf(file);
  }

  /** The last that are wanted, oldest first. Older files are read only while there are too few. */
  async last(count: number, wanted: (line: string) => boolean): Promise<string[]> {
    let found: string[] = [];
    for (const file of this.#files.toReversed()) {
      if (found.length >= count) break;
      const here: string[] = [];
      for await (const line of linesOf(file)) {
        if (wanted(line)) here.push(line);
        // Cut now and then rather than at each line.
        if (here.length > 2 * count + 1000) here.splice(0, here.length - count);
      }
      found = [...here, ...found].slice(-count);
    }
    return count === 0 ? [] : found;
  }

  /**
   * What comes from now on, until the signal aborts. Begins at the end of what is there, or where `lines` or `last` ended.
   * `gap`: files went away before they were seen.
   */
  async *follow(signal: AbortSignal, gap: () => void = () => undefined): AsyncGenerator<string> {
    const current = this.#files.at(-1);
    if (current !== undefined && !current.begun) current.offset = await endOfLines(current.handle);
    while (!signal.aborted) {
      const file = this.#files.at(-1);
      if (file !== undefined) yield* linesOf(file);
      const next = await this.#next(file, gap);
      if (next.length === 0) {
        await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      // What was written between our last look and the rotation.
      if (file !== undefined) yield* linesOf(file);
      await this.#close();
      this.#files = next.slice(-1);
      for (const one of next.slice(0, -1)) {
        yield* linesOf(one);
        await one.handle.close();
      }
    }
  }

  /** The files that came after this one; none where it is still the one that is written. */
  async #next(file: OpenLog | undefined, gap: () => void): Promise<OpenLog[]> {
    if (file !== undefined && (await isCurrent(this.#directory, file))) return [];
    const files = await openAll(this.#directory);
    const at = file === undefined ? -1 : files.findIndex(({ inode }) => inode === file.inode);
    // Where it is not among them any more, what came after it is told by its number; and what came between is not known.
    if (file !== undefined && at < 0) gap();
    const isNewer = ({ name }: OpenLog, place: number): boolean =>
      at < 0 ? name.sequence === null || name.sequence > this.#newestRotated : place > at;
    for (const older of files.filter((one, place) => !isNewer(one, place))) await older.handle.close();
    const newer = files.filter(isNewer);
    this.#newestRotated = newestRotated(files);
    return newer;
  }

  async #close(): Promise<void> {
    for (const { handle } of this.#files) await handle.close();
    this.#files = [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** All at one moment: where the names changed meanwhile it is done again. */
async function openAll(directory: string): Promise<OpenLog[]> {
  for (let time = 0; time < LISTED_TIMES_MAX; time++) {
    const names = await listLogs(directory);
    const files: OpenLog[] = [];
    for (const name of names) {
      const file = await openOne(name);
      if (file !== null) files.push(file);
    }
    const again = await listLogs(directory);
    const same = files.length === names.length && again.map(({ path }) => path).join("\0") === names.map(({ path }) => path).join("\0");
    // A rotation between may also have left the names as they were: then one file was opened under two names.
    if (same && new Set(files.map(({ inode }) => inode)).size === files.length) return files;
    for (const { handle } of files) await handle.close();
  }
  throw new HotdirError("not-in-time", {
    operation: "read the log in",
    path: bytesOfText(directory),
    detail: "it is rotated faster than it is read",
  });
}

function newestRotated(files: OpenLog[]): number {
  return Math.max(0, ...files.map(({ name }) => name.sequence ?? 0));
}

async function openOne(name: LogName): Promise<OpenLog | null> {
  try {
    const handle = await open(name.path, "r");
    const { ino, mtimeMs } = await handle.stat();
    return { name, handle, inode: ino, changedAtMs: mtimeMs, begun: false, offset: 0, rest: Buffer.alloc(0) };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

async function isCurrent(directory: string, file: OpenLog): Promise<boolean> {
  const current = (await listLogs(directory)).find(({ sequence }) => sequence === null);
  if (current === undefined) return true;
  const there = await stat(current.path).catch(() => null);
  return there === null || there.ino === file.inode;
}

/** From where it was read to, to where whole lines end for now. */
async function* linesOf(file: OpenLog): AsyncGenerator<string> {
  file.begun = true;
  for (;;) {
    const { bytesRead, buffer } = await file.handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, file.offset);
    if (bytesRead === 0) return;
    file.offset += bytesRead;
    const bytes = Buffer.concat([file.rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(10) + 1;
    file.rest = bytes.length - end > LINE_BYTES_MAX ? Buffer.alloc(0) : Buffer.from(bytes.subarray(end));
    const text = bytes.toString("utf8", 0, end);
    for (let from = 0; from < text.length;) {
      const to = text.indexOf("\n", from);
      if (to > from) yield text.slice(from, to);
      from = to + 1;
    }
  }
}

/** Where a line that is being written begins. */
async function endOfLines(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const length = Math.min(size, CHUNK_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  const last = buffer.subarray(0, bytesRead).lastIndexOf(10);
  return last < 0 ? size : size - length + last + 1;
}
