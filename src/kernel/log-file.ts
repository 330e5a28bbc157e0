import { closeSync, openSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, messageOf } from "./errors.ts";
import { currentLog, listLogs, rotatedLog } from "./log-names.ts";
import { tryLock } from "./native.ts";
import { formatMany } from "./readable.ts";

/** Lines are gathered for so long, or to so many bytes: a system call a line would cost more than the line. */
const GATHER_MS = 100;
const PIECE_BYTES_MAX = 64 * 1024;
/** What may wait in memory for a disk that does not take it. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** After a failure the disk is left alone for so long. Somebody may also have moved or removed the file: looked at so often. */
const PATIENCE_MS = 5000;
const CLOSE_BOUND_MS = 2000;

export type LogFileOptions = {
  /** Made where it is missing; `log-names.ts` says what stands in it. */
  directory: string;
  /** A file does not grow above this, but for one line that is longer. */
  sizeBytesMax: number;
  /** Files that stay, the one that is written included. */
  filesMax: number;
  /** The file cannot be written, or can again: for whoever watches. Told once for each. */
  tell: (level: "warn" | "info", text: string) => void;
  patienceMs?: number;
};

/**
 * Lines into a file that is bounded, by one process at a time. Nobody ever waits for it: lines wait in memory, so many
 * and no more, and where the disk is full or gone they are dropped and counted. What stands in the ledger does not
 * depend on any of them.
 */
export class LogFile implements AsyncDisposable {
  readonly #options: LogFileOptions;
  /** Whole lines, gathered into pieces of some size. */
  #full: string[] = [];
  #gathering = "";
  #gatheringBytes = 0;
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #file: { handle: FileHandle; sizeBytes: number; lookedAtMs: number } | null = null;
  /** What of a piece is still to be written; `torn`: a part of it is, so that the rest has to follow in the same file. */
  #rest: Buffer | null = null;
  #torn = false;
  #lock: number | null = null;
  #inTrouble = false;
  #closed = false;
  readonly #atExit = (): void => this.#writeNow();

  constructor(options: LogFileOptions) {
    this.#options = options;
    process.on("exit", this.#atExit);
  }

  /** @param line with its end. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#closed || this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      this.#dropped++;
      return;
    }
    this.#waitingBytes += bytes;
    if (this.#gatheringBytes + bytes > Math.min(PIECE_BYTES_MAX, this.#options.sizeBytesMax)) this.#closePiece();
    this.#gathering += line;
    this.#gatheringBytes += bytes;
    if (this.#writing !== null) return;
    if (this.#full.length > 0 && !this.#inTrouble) this.#start();
    else this.#startLater();
  }

  #closePiece(): void {
    if (this.#gathering !== "") this.#full.push(this.#gathering);
    this.#gathering = "";
    this.#gatheringBytes = 0;
  }

  #startLater(): void {
    this.#timer ??= setTimeout(() => this.#start(), this.#inTrouble ? this.#patienceMs : GATHER_MS).unref();
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? PATIENCE_MS;
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      if (this.#waitingBytes > 0 && !this.#closed) this.#startLater();
    });
  }

  /** Until nothing waits, or the disk takes no more. Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      while (this.#rest !== null || this.#waitingBytes > 0) {
        const file = await this.#room();
        await this.#writeRest(file);
        if (this.#inTrouble) this.#recovered();
      }
    } catch (error) {
      await this.#close();
      if (!this.#inTrouble)
        this.#options.tell(
          "warn",
          `${this.#failure(error)}; lines wait in memory, and where there are too many they are dropped; nothing else waits for it`,
        );
      this.#inTrouble = true;
    }
  }

  #failure(error: unknown): string {
    return `the log file ${join(this.#options.directory, currentLog)} cannot be written: ${messageOf(error)}`;
  }

  #recovered(): void {
    this.#inTrouble = false;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#options.tell("info", `the log file is written again${dropped === 0 ? "" : `; ${formatMany(dropped, "line")} were dropped`}`);
  }

  /** The file to write the next piece to, which is now in `#rest`. */
  async #room(): Promise<{ handle: FileHandle; sizeBytes: number }> {
    await this.#lookAfterFile();
    let file = this.#file ?? (await this.#open());
    this.#rest ??= this.#takePiece();
    if (!this.#torn && file.sizeBytes > 0 && file.sizeBytes + this.#rest.length > this.#options.sizeBytesMax) {
      await this.#rotate();
      file = await this.#open();
    }
    return file;
  }

  async #writeRest(file: { handle: FileHandle; sizeBytes: number }): Promise<void> {
    while (this.#rest !== null) {
      const { bytesWritten } = await file.handle.write(this.#rest);
      file.sizeBytes += bytesWritten;
      this.#torn = bytesWritten < this.#rest.length;
      this.#rest = this.#torn ? this.#rest.subarray(bytesWritten) : null;
    }
  }

  #takePiece(): Buffer {
    if (this.#full.length === 0) this.#closePiece();
    const piece = Buffer.from(this.#full.shift() ?? "");
    this.#waitingBytes -= piece.length;
    return piece;
  }

  async #open(): Promise<{ handle: FileHandle; sizeBytes: number; lookedAtMs: number }> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    this.#takeLock();
    const handle = await open(join(directory, currentLog), "a+", 0o600);
    try {
      const { size } = await handle.stat();
      const unended = size > 0 && (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 10;
      // A kill, or a full disk, left a part of a line: what follows must not be taken for the rest of it.
      const ended = unended && !this.#torn ? (await handle.write("\n")).bytesWritten : 0;
      this.#file = { handle, sizeBytes: size + ended, lookedAtMs: performance.now() };
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** One writer: two would rotate each other's files away. Let go of by the kernel, however the process ends. */
  #takeLock(): void {
    if (this.#lock !== null) return;
    const descriptor = openSync(join(this.#options.directory, "writer.lock"), "a", 0o600);
    if (!tryLock(descriptor)) {
      closeSync(descriptor);
      throw new Error("another process writes it");
    }
    this.#lock = descriptor;
  }

  async #lookAfterFile(): Promise<void> {
    const file = this.#file;
    if (file === null || performance.now() - file.lookedAtMs < this.#patienceMs) return;
    file.lookedAtMs = performance.now();
    const [own, there] = await Promise.all([file.handle.stat(), stat(join(this.#options.directory, currentLog)).catch(absent)]);
    if (there === null || there.ino !== own.ino || there.dev !== own.dev) await this.#close();
  }

  /** One rename; the oldest go afterwards, so that a kill between leaves a file too many and never one too few. */
  async #rotate(): Promise<void> {
    const { directory, filesMax } = this.#options;
    const rotated = (await listLogs(directory)).filter(({ sequence }) => sequence !== null);
    await this.#close();
    await rename(join(directory, currentLog), join(directory, rotatedLog((rotated.at(-1)?.sequence ?? 0) + 1)));
    for (const { path } of rotated.slice(0, Math.max(0, rotated.length + 2 - filesMax))) await unlink(path).catch(absent);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close().catch(absent);
  }

  /** The process ends without having waited for us: what can still be written is, if that takes no time. */
  #writeNow(): void {
    if (this.#file === null || this.#inTrouble) return;
    try {
      const rest = this.#writing === null && this.#rest !== null ? [this.#rest] : [];
      const left = Buffer.concat([...rest, Buffer.from(this.#full.join("") + this.#gathering)]);
      if (left.length > 0) writeSync(this.#file.handle.fd, left);
    } catch (error) {
      this.#options.tell("warn", this.#failure(error));
    }
  }

  /** Writes what waits, within a bound. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    const done = new AbortController();
    const bound = sleep(CLOSE_BOUND_MS, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
    await Promise.race([bound, this.#finish()]);
    done.abort();
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    process.off("exit", this.#atExit);
    await Promise.race([this.#close(), sleep(CLOSE_BOUND_MS, undefined, { ref: false })]);
    if (this.#lock !== null) closeSync(this.#lock);
    this.#lock = null;
  }

  async #finish(): Promise<void> {
    await this.#writing;
    if (this.#waitingBytes === 0 && this.#rest === null) return;
    this.#start();
    await this.#writing;
  }
}

/** What is gone already need not be removed or closed. */
function absent(error: unknown): null {
  if (errnoOf(error) === undefined) throw error;
  return null;
}
