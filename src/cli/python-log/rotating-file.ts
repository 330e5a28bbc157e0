import { appendFileSync, readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Rotation, RotationTime } from "../../importers/dbb/python-logging.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** A file of lines that is put aside by its size (`FILE.1`, `FILE.2` ...) or by the time (`FILE.2026-11-29_01`), as Python's handlers do. */
export class RotatingFile {
  readonly #path: string;
  readonly #rotation: Rotation | null;
  #dueMs: number | null = null;

  constructor(path: string, rotation: Rotation | null) {
    this.#path = path;
    this.#rotation = rotation;
  }

  /** Throws where it cannot be written. */
  append(line: string, nowMs: number): void {
    if (this.#rotation?.kind === "size") this.#rotateBySize(this.#rotation, Buffer.byteLength(line));
    if (this.#rotation?.kind === "time") this.#rotateByTime(this.#rotation, nowMs);
    appendFileSync(this.#path, line, { mode: 0o644 });
  }

  #rotateBySize({ bytesMax, backups }: Rotation & { kind: "size" }, bytes: number): void {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (bytesMax === 0 || backups === 0 || there === undefined || there.size === 0 || there.size + bytes <= bytesMax) return;
    for (let number = backups - 1; number >= 1; number--) renameIfThere(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
    renameSync(this.#path, `${this.#path}.1`);
  }

  #rotateByTime({ when, interval, backups }: Rotation & { kind: "time" }, nowMs: number): void {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    this.#dueMs ??= dueAfter(when, interval, there?.mtimeMs ?? nowMs);
    if (nowMs < this.#dueMs) return;
    const before = begunBefore(when, interval, this.#dueMs);
    this.#dueMs = dueAfter(when, interval, nowMs);
    if (there === undefined || there.size === 0) return;
    renameSync(this.#path, `${this.#path}.${suffixOf(when, before)}`);
    if (backups > 0) this.#removeOld(when, backups);
  }

  #removeOld(when: RotationTime, backups: number): void {
    const name = `${basename(this.#path)}.`;
    const directory = dirname(this.#path);
    const old = readdirSync(directory)
      .filter((entry) => entry.startsWith(name) && suffixes[kindOf(when)].pattern.test(entry.slice(name.length)))
      .toSorted();
    for (const entry of old.slice(0, Math.max(0, old.length - backups))) unlinkSync(join(directory, entry));
  }
}

function renameIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

type Kind = "S" | "M" | "H" | "D";

function kindOf(when: RotationTime): Kind {
  return when === "S" || when === "M" || when === "H" ? when : "D";
}

/** Of an interval that is one second, minute, hour or day. */
const lengths: Record<Kind, number> = { S: SECOND_MS, M: 60 * SECOND_MS, H: 3600 * SECOND_MS, D: DAY_MS };
const suffixes: Record<Kind, { length: number; pattern: RegExp }> = {
  S: { length: 19, pattern: /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/ },
  M: { length: 16, pattern: /^\d{4}-\d\d-\d\d_\d\d-\d\d$/ },
  H: { length: 13, pattern: /^\d{4}-\d\d-\d\d_\d\d$/ },
  D: { length: 10, pattern: /^\d{4}-\d\d-\d\d$/ },
};

/** When a file whose last line is of `fromMs` is put aside: an interval later, or at a midnight (that ends a weekday). */
export function dueAfter(when: RotationTime, interval: number, fromMs: number): number {
  if (when !== "midnight" && !when.startsWith("W")) return fromMs + interval * lengths[kindOf(when)];
  const at = new Date(fromMs);
  at.setHours(24, 0, 0, 0);
  // Monday is 0 to Python, and 1 to JavaScript.
  if (when.startsWith("W")) while ((new Date(at.getTime() - 1).getDay() + 6) % 7 !== Number(when[1])) at.setHours(24, 0, 0, 0);
  else for (let more = 1; more < interval; more++) at.setHours(24, 0, 0, 0);
  return at.getTime();
}

/** What the file that is put aside is named by: the beginning of what it holds. */
function begunBefore(when: RotationTime, interval: number, dueMs: number): number {
  return when === "midnight" || when.startsWith("W") ? dueMs - 1 : dueMs - interval * lengths[kindOf(when)];
}

function suffixOf(when: RotationTime, atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const whole = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}_${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`;
  return whole.slice(0, suffixes[kindOf(when)].length);
}
