import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A row of `supersync_v0` as it stands in the file: times are seconds, booleans 0 and 1. */
export type SuprsyncRow = {
  id: number;
  local_path: string;
  local_md5sum: string;
  archive_name: string;
  remote_path: string;
  timestamp: number;
  remote_md5sum: string | null;
  copied: number | null;
  removed: number | null;
  failed_copy_attempts: number | null;
  deletable: number | null;
  ignore: number | null;
};

export type TimecodeRow = {
  id: number;
  timecode: number;
  archive_name: string;
  completed: number | null;
  synced: number | null;
  finalized: number | null;
  finalize_file_id: number | null;
};

/** What a producer tells of a file. Its MD5 is taken of the file where it is not given; the timestamp is now. */
export type Registered = Pick<SuprsyncRow, "local_path" | "remote_path" | "archive_name"> &
  Partial<Pick<SuprsyncRow, "local_md5sum" | "timestamp" | "remote_md5sum" | "copied" | "removed" | "failed_copy_attempts">> & {
    deletable?: boolean;
    ignore?: boolean;
  };

const ANSWER_TIMEOUT_MS = 60_000;

/**
 * The other side of SupRsync's database: `test/programs/suprsync-producer.py`, a Python program of its own that writes
 * what the original writes and shares no line with hotdir. One process, one order at a time; it ends with the handle.
 */
export class SuprsyncProducer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(database: string) {
    const program = fileURLToPath(new URL("../programs/suprsync-producer.py", import.meta.url));
    this.#child = spawn("python3", [program, database], { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Both tables, where they are missing. */
  async create(): Promise<void> {
    await this.#ask({ do: "create" });
  }

  /** In one transaction; the rows' numbers. */
  async add(...files: Registered[]): Promise<number[]> {
    return ((await this.#ask({ do: "add", files })) as { ids: number[] }).ids;
  }

  async set(id: number, values: Partial<Record<keyof SuprsyncRow, string | number | boolean | null>>): Promise<void> {
    await this.#ask({ do: "set", id, values });
  }

  /** The original has written the finalization file of this directory. */
  async finish(timecode: number, archive: string): Promise<void> {
    await this.#ask({ do: "finish", timecode, archive_name: archive });
  }

  async rows(): Promise<SuprsyncRow[]> {
    return ((await this.#ask({ do: "rows" })) as { rows: SuprsyncRow[] }).rows;
  }

  async timecodes(): Promise<TimecodeRow[]> {
    return ((await this.#ask({ do: "timecodes" })) as { rows: TimecodeRow[] }).rows;
  }

  /** Takes the writer's lock; `released` resolves when it has let go of it again. No other order in between. */
  async lock(seconds: number): Promise<{ released: Promise<void> }> {
    await this.#ask({ do: "lock", seconds });
    return { released: this.#answer("let go of the lock").then(() => undefined) };
  }

  async #ask(order: { do: string } & Record<string, unknown>): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return await this.#answer(order.do);
  }

  async #answer(what: string): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the producer did not ${what} within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
    });
    try {
      const { done, value } = await Promise.race([this.#answers.next(), late]);
      if (done === true) throw new Error(`the producer ended instead of: ${what}`);
      return JSON.parse(value) as unknown;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
