import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs, WallMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { othersWords } from "../../kernel/others-words.ts";
import { show } from "../../kernel/path.ts";
import { formatAge, formatMany } from "../../kernel/readable.ts";
import { Turns } from "../send/turns.ts";
import { fitting } from "./arguments.ts";
import type { IngestEnd, IngestFile, IngestQueue, IngestSettings } from "./contract.ts";
import { type BatchEnd, runBatch } from "./run-batch.ts";

/** A command that cannot be started, or a queue that cannot be asked, is tried again after so long, each time longer. */
const AGAIN: Backoff = { minMs: 1000, maxMs: 60_000 };
/** Commands have so long to end by themselves when hotdir stops. */
const STOP_BOUND_MS = 3000;
/** And so long after they were told to. */
const END_BOUND_MS = 5000;
const LOOK_MS = 20;
const STOPPED = "hotdir was stopped while the command had it, and nobody can tell whether it was ingested";

export type IngesterOptions = {
  queue: IngestQueue;
  settings: IngestSettings;
  /** For messages, and for the command's environment. */
  name: string;
  clock: Clock;
  log: Log;
  /** Anything that `status` shows of it, or that a run which ends when idle waits for. */
  changed: () => void;
  /** The program itself made a mistake: nothing can go on. */
  broken: (error: unknown) => void;
};

/** Hands files that are due to the user's command, in batches, by some workers at once, and records what it reports of each. */
export class Ingester implements AsyncDisposable {
  readonly #options: IngesterOptions;
  readonly #turns: Turns;
  readonly #stop = new AbortController();
  #life: "new" | "working" | "ending" | "ended" = "new";
  #working = 0;
  #trouble: string | null = null;
  /** The last trouble with the queue: that is over as soon as it answers. */
  #unasked: string | null = null;
  #failures = 0;
  #notBefore: SteadyMs = 0;
  /** Whether the queue had nothing left when it was last asked. */
  #drained = false;
  #begun = false;

  constructor(options: IngesterOptions) {
    this.#options = options;
    this.#turns = new Turns(() => this.#turn(), options.clock, options.broken);
  }

  /** Why nothing can be ingested for now; null: nothing is known against it. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Nothing is with the command, and nothing was due. */
  get idle(): boolean {
    return this.#working === 0 && this.#drained;
  }

  start(): void {
    this.#life = "working";
    this.wake();
  }

  /** There may be more that is due. */
  wake(): void {
    this.#drained = false;
    if (this.#life === "working") this.#turns.soon();
  }

  #turn(): void {
    const { clock, queue, settings } = this.#options;
    if (this.#life !== "working") return;
    if (this.#notBefore > clock.steady()) return this.#turns.at(this.#notBefore);
    // One is enough to find out whether the command can be started again.
    while (this.#working < (this.#trouble === null ? settings.workers : 1)) {
      let files: IngestFile[];
      try {
        this.#begin();
        files = queue.take(settings.batchMax);
      } catch (error) {
        this.#unasked = `what is to be ingested cannot be asked for: ${messageOf(error)}`;
        return this.#wait(this.#unasked);
      }
      if (this.#trouble !== null && this.#trouble === this.#unasked) this.#recover();
      this.#drained = files.length === 0;
      if (files.length === 0) break;
      this.#working++;
      void this.#ingest(files)
        .catch((error: unknown) => this.#options.broken(error))
        .then(() => {
          this.#working--;
          this.#options.changed();
          this.wake();
        });
    }
    this.#options.changed();
  }

  #begin(): void {
    if (this.#begun) return;
    const interrupted = this.#options.queue.begin();
    this.#begun = true;
    if (interrupted === 0) return;
    this.#options.log.warn(`${formatMany(interrupted, "file was", "files were")} with the ingest command when hotdir ended: UNKNOWN`);
  }

  async #ingest(files: IngestFile[]): Promise<void> {
    const { clock, queue } = this.#options;
    const now = clock.wall();
    const refused = files.flatMap((file): IngestEnd[] => {
      const refusal = queue.refusal(file);
      return refusal === null ? [] : [{ file, ...refusal, startedAtMs: now, endedAtMs: now }];
    });
    if (refused.length > 0) await this.#record(refused);
    let left = files.filter((file) => !refused.some((end) => end.file === file));
    while (left.length > 0) {
      const batch = fitting(left);
      if (this.#life !== "working" || !(await this.#run(batch))) return await this.#handBack(left);
      left = left.slice(batch.length);
    }
  }

  /** `false`: it could not be started. */
  async #run(files: IngestFile[]): Promise<boolean> {
    const { settings, name, clock, log } = this.#options;
    const startedAtMs = clock.wall();
    const end = await runBatch(
      {
        command: settings.command,
        paths: files.map(({ path }) => path),
        env: { HOTDIR_FLOW: name, HOTDIR_INGEST_FILES: String(files.length) },
        silenceMs: settings.silenceMs,
        said: (line) => log.debug(`${settings.command[0]}: ${othersWords(line)}`),
      },
      this.#stop.signal,
    );
    if (end.kind === "not-started") {
      this.#wait(`the ingest command ${settings.command[0]} cannot be started: ${othersWords(end.detail)}`);
      return false;
    }
    this.#recover();
    for (const line of end.reports.misread)
      log.warn(`the ingest command reports on none of its files, or neither success nor failure: ${othersWords(line)}`);
    await this.#record(endsOf(files, end, { startedAtMs, endedAtMs: clock.wall() }));
    return true;
  }

  /** What happened is kept until it is written, however long the queue cannot be. */
  async #record(ends: readonly IngestEnd[]): Promise<void> {
    const { queue } = this.#options;
    await this.#untilWritten("what was ingested cannot be recorded", () => queue.record(ends));
    this.#tell(ends);
  }

  async #handBack(files: readonly IngestFile[]): Promise<void> {
    await this.#untilWritten("what was not ingested cannot be handed back", () => this.#options.queue.handBack(files));
  }

  async #untilWritten(what: string, write: () => void): Promise<void> {
    for (let failures = 1; this.#life !== "ended"; failures++) {
      try {
        write();
        if (failures > 1) this.#recover();
        return;
      } catch (error) {
        this.#wait(`${what}: ${messageOf(error)}`);
        // The next start finds them PENDING, and records that nobody can tell.
        if (this.#stop.signal.aborted) return;
        await this.#options.clock.sleep(backoffDelayMs(AGAIN, failures), this.#stop.signal).catch(() => undefined);
      }
    }
  }

  #tell(ends: readonly IngestEnd[]): void {
    const { log } = this.#options;
    const succeeded = ends.filter(({ status }) => status === "SUCCESS").length;
    if (succeeded > 0) {
      const { startedAtMs, endedAtMs } = ends[0]!;
      log.info(`${formatMany(succeeded, "file")} ingested in ${formatAge(endedAtMs - startedAtMs)}`);
    }
    for (const { file, status, message } of ends)
      if (status === "FAILURE" || status === "UNKNOWN") log.warn(`${show(file.path)}: ${status}: ${message ?? "no reason was given"}`);
  }

  #wait(trouble: string): void {
    const { clock, log } = this.#options;
    this.#failures++;
    this.#notBefore = clock.steady() + backoffDelayMs(AGAIN, this.#failures);
    if (this.#trouble !== trouble) log.warn(`${trouble}; tried again by itself`);
    this.#trouble = trouble;
    this.#options.changed();
    this.wake();
  }

  #recover(): void {
    if (this.#trouble !== null) this.#options.log.info("files are ingested again");
    this.#trouble = null;
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /** All that is due is ingested, or cannot be for now: before a run that ends when idle. */
  async finish(): Promise<void> {
    const { clock } = this.#options;
    if (this.#life !== "working") return;
    this.wake();
    while (this.#life === "working" && !this.idle && this.#trouble === null)
      await clock.sleep(LOOK_MS, this.#stop.signal).catch(() => undefined);
  }

  /** Commands end by themselves within a moment, or are ended: then nobody can tell what they did, and that is recorded. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#options;
    if (this.#life === "ended" || this.#life === "ending") return;
    this.#life = "ending";
    const until = clock.steady() + STOP_BOUND_MS;
    while (this.#working > 0 && clock.steady() < until) await clock.sleep(LOOK_MS, AbortSignal.timeout(STOP_BOUND_MS));
    this.#stop.abort();
    while (this.#working > 0 && clock.steady() < until + END_BOUND_MS) await clock.sleep(LOOK_MS, AbortSignal.timeout(END_BOUND_MS));
    this.#life = "ended";
    this.#turns[Symbol.dispose]();
  }
}

/** What each file came to. A file that the command says nothing of goes by its exit status, where all that it says is understood. Pure. */
export function endsOf(
  files: readonly IngestFile[],
  end: Exclude<BatchEnd, { kind: "not-started" }>,
  times: { startedAtMs: WallMs; endedAtMs: WallMs },
): IngestEnd[] {
  return files.map((file, place): IngestEnd => {
    const report = end.reports.of(place);
    if (report !== null) {
      const isSuccess = report.status === "success";
      const message = report.message === null ? null : othersWords(report.message);
      return isSuccess
        ? { file, status: "SUCCESS", message, ...times }
        : { file, status: "FAILURE", message: message ?? "the command gave no reason", ...times };
    }
    if (end.kind === "interrupted") return { file, status: "UNKNOWN", message: STOPPED, ...times };
    const failure =
      end.failure ?? (end.reports.doubt === null ? null : `it ended well, but it may have reported this file: ${end.reports.doubt}`);
    return failure === null
      ? { file, status: "SUCCESS", message: null, ...times }
      : { file, status: "FAILURE", message: othersWords(failure), ...times };
  });
}
