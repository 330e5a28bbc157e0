import type { AbsPath, RelPath } from "../../kernel/path.ts";
import type { DetectorReport, RootIdentity, Sighting } from "./contract.ts";

/** What the worker is told when it starts. */
export type WorkerOptions = {
  root: AbsPath;
  expectedIdentity: RootIdentity | null;
  rescanMs: number;
  /** Ask by read leases who writes. Without, every writer is `unknown`. */
  leases: boolean;
  /** Symlinks to files are told as those files. */
  followLinks: boolean;
  /** A reason for not using events at all; null: use them where they work. */
  forceScanOnly: string | null;
  /** Fewer watches than the kernel allows: for tests of the limit. */
  watchLimit: number;
};

/** Main thread to worker. */
export type WorkerOrder =
  | { kind: "scan" }
  | { kind: "look"; paths: RelPath[] }
  /** The receiver has dealt with one batch of sightings. */
  | { kind: "taken" }
  | { kind: "stop" }
  /** Does nothing for so long, as an overloaded machine would: for tests of overflow. */
  | { kind: "stall"; durationMs: number };

/** Worker to main thread. */
export type WorkerReport =
  | { kind: "sightings"; sightings: Sighting[] }
  | { kind: "log"; level: "info" | "warn"; text: string }
  | Exclude<DetectorReport, { kind: "sightings" } | { kind: "failed" }>;
