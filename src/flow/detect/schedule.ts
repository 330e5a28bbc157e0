/** Where nothing tells of changes: a scan every so often, unless it takes long. */
const scanOnlyMs = 5000;
/** Between the end of a scan and the next, in durations of a scan: scanning takes a tenth of the time. */
const restFactor = 9;
/** After an overflow: not at once, since more may be coming, and never more than half of the time. */
const soonMs = 200;

/** When to scan the whole root, and the numbers of the scan that is under way. */
export class ScanSchedule {
  readonly #rescanMs: number;
  #dueAtMs = 0;
  #startedAtMs: number | null = null;
  #lastDurationMs = 0;
  #soon = false;
  /** Counts scans, from 1. */
  number = 0;
  files = 0;
  directories = 0;
  /** Of the last whole scan. */
  directoriesLast: number | null = null;

  constructor(rescanMs: number) {
    this.#rescanMs = rescanMs;
  }

  get running(): boolean {
    return this.#startedAtMs !== null;
  }

  /** At `delayMs` from now at the latest; one that is running does not count. */
  want(delayMs: number): void {
    this.#dueAtMs = Math.min(this.#dueAtMs, performance.now() + delayMs);
  }

  /** `false`: one was wanted already, and has not begun. So a storm of reasons is told once. */
  wantSoon(): boolean {
    const first = !this.#soon;
    this.#soon = true;
    this.want(Math.max(soonMs, this.#lastDurationMs));
    return first;
  }

  /** null: not before the running one has ended. */
  waitMs(nowMs: number): number | null {
    return this.running ? null : Math.max(0, this.#dueAtMs - nowMs);
  }

  begin(nowMs: number): boolean {
    if (this.running || nowMs < this.#dueAtMs) return false;
    this.#startedAtMs = nowMs;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#soon = false;
    this.number++;
    this.files = 0;
    this.directories = 0;
    return true;
  }

  end(nowMs: number, scanOnly: boolean): { files: number; directories: number; durationMs: number } {
    const durationMs = nowMs - (this.#startedAtMs ?? nowMs);
    this.#startedAtMs = null;
    this.#lastDurationMs = durationMs;
    this.directoriesLast = this.directories;
    const restMs = scanOnly ? Math.max(Math.min(this.#rescanMs, scanOnlyMs), restFactor * durationMs) : this.#rescanMs;
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + restMs);
    // The root itself was read, and is nobody's entry.
    return { files: this.files, directories: this.directories - 1, durationMs };
  }
}
