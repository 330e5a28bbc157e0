import type { WallMs } from "../../kernel/clock.ts";
import type { AbsPath } from "../../kernel/path.ts";

/** A file that is to be ingested, as it is on this machine. `id`: as its queue knows it. */
export type IngestFile = { id: number; path: AbsPath };

/** How an attempt at one file ended, or why there is none. */
export type IngestEnd = {
  file: IngestFile;
  status: "SUCCESS" | "FAILURE" | "UNKNOWN" | "IGNORED";
  /** null: the command said nothing, and it succeeded. */
  message: string | null;
  startedAtMs: WallMs;
  endedAtMs: WallMs;
};

/**
 * Which files are due, and what became of them: the ledger of a flow, or a database of somebody else's. All of it is durable when a
 * call returns. A call that throws did nothing, and may be made again.
 */
export interface IngestQueue {
  /** Attempts that an end of the program interrupted become UNKNOWN: once, before the first are taken. How many there were. */
  begin(): number;
  /** Takes up to so many files that are due: they are PENDING, and nobody else gets them. */
  take(limit: number): IngestFile[];
  /** Why a file that was taken is not handed to the command after all; null: it is. */
  refusal(file: IngestFile): Pick<IngestEnd, "status" | "message"> | null;
  record(ends: readonly IngestEnd[]): void;
  /** The command could not be started: they are due again, as if they had never been taken. */
  handBack(files: readonly IngestFile[]): void;
}

export type IngestSettings = {
  /** argv; the files of a batch follow as its last arguments. No shell sees them. */
  command: string[];
  batchMax: number;
  workers: number;
  /** A command that says nothing for so long is ended. */
  silenceMs: number;
};
