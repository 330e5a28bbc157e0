import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { Version } from "../version.ts";

/**
 * What a detector saw at a path of the source at one moment. A sighting is a hint, never an order:
 * admission compares it with the ledger and decides whether there is a change. Sightings of one
 * path arrive in the order in which things happened. `closed`: a writer has just closed the file (or it
 * was moved here), so that its content may be new though its version is not.
 */
export type Sighting =
  | { kind: "file"; path: RelPath; version: Version; mode: number; links: number; writer: Writer; how: "event" | "scan"; closed?: true }
  | { kind: "symlink"; path: RelPath; version: Version; target: Bytes }
  | { kind: "directory"; path: RelPath; mode: number }
  /** Something that is neither file, directory nor symlink: a socket, a fifo, a device. */
  | { kind: "special"; path: RelPath }
  /** A file that is there and cannot be looked at (a permission, an I/O error). `target`: of a symlink that is to be followed, where it leads. */
  | { kind: "unreadable"; path: RelPath; code: string; target?: Bytes }
  | { kind: "gone"; path: RelPath; directory: boolean }
  /** Moved within the source; a sighting of the new path (for a directory: of all that is in it) follows. */
  | { kind: "moved"; from: RelPath; path: RelPath; directory: boolean };

/**
 * Whether anybody has the file open for writing. `none`: a read lease was granted, so nobody has.
 * `open`: the lease was refused because somebody has. `unknown`: the file system, or the file's
 * owner, allows no lease, so only quiet time can tell.
 */
export type Writer = "none" | "open" | "unknown";

/** How the source is observed now, for `status` and `check`. */
export type Watching = { kind: "events"; directories: number } | { kind: "scan-only"; reason: string };

export type DetectorReport =
  /** The receiver calls `taken` when it has dealt with them; the detector keeps at most a few batches waiting. */
  | { kind: "sightings"; sightings: Sighting[]; taken: () => void }
  | { kind: "watching"; watching: Watching }
  /** A scan of the whole root begins. A known path that is not sighted from here to `scanned` is to be asked for by `look`. */
  | { kind: "scanning" }
  /** A scan of the whole root has ended and all its sightings were reported before this. */
  | { kind: "scanned"; files: number; directories: number; durationMs: number }
  /** The root is not there, is no directory, or is not the one that the ledger knows (`identity`). The detector goes on looking, and reports `root-found` when it is back. Nothing is told as `gone` because of it. */
  | { kind: "root-lost"; reason: string }
  /** Also at the start. A scan of the whole follows; looks that were asked for while it was lost are not answered. */
  | { kind: "root-found"; identity: string }
  | { kind: "failed"; error: Error };

/** `device:inode` of the source root: another directory under the same name is another identity. */
export type RootIdentity = string;

export interface Detector extends AsyncDisposable {
  /** Scans the whole root soon; several requests before it starts are one. */
  requestScan(): void;
  /**
   * Looks at these paths again soon, after the events that have happened, and reports a sighting for each: `gone` (as no
   * directory, whatever it was) only where certainly nothing is, `unreadable` where that cannot be known. A few thousand at a time.
   */
  look(paths: RelPath[]): void;
}
