import type { SteadyMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";

/**
 * Where the files of messages are fetched: what a base URL names. Failures reject with a `HotdirError`: of scope `origin`
 * where the whole origin is out of reach, `source-gone` where it answers that there is no such file, of scope `file`
 * otherwise. Nothing here tries again by itself; all methods may be called concurrently.
 */
export interface Origin {
  /** What is at a path now, without following a symlink at its end. */
  look(path: RelPath, signal?: AbortSignal): Promise<Sighting>;
  /** Opens a file to read, in one version from its beginning to its end. */
  open(path: RelPath, options: OpenOptions, signal: AbortSignal): Promise<OriginFile>;
}

export type OpenOptions = {
  /**
   * To go on where a try before ended: `source-changed` where it is another version by now. Without a version it may be any: then
   * whoever asks compares the whole.
   */
  from: { offset: number; version: Version | null } | null;
  /** Whoever asks compares the whole with a digest: the origin need not be asked once more at the end. */
  compared: boolean;
  /** How much is asked for ahead of what was taken. */
  windowBytes: number;
};

/** An open file. Disposing of it frees its place among those under way, and ends what is still coming. */
export interface OriginFile extends AsyncDisposable {
  version: Version;
  /** null: the origin does not tell; then the end of `chunks` does. */
  sizeBytes: number | null;
  mtimeNs: bigint | null;
  mode: number | null;
  /** Where `chunks` begin: where it was asked to go on, or 0 where this origin cannot go on. */
  offset: number;
  /** Whole to the end, or it throws: `origin-lost`, `origin-cut`, `source-changed`. Once only. */
  chunks: AsyncIterable<Buffer>;
}

/** The origins of a flow: connections are shared by those who ask for the same host, bounded, and closed when idle. */
export interface OriginSet extends AsyncDisposable {
  /** Connects nothing yet. Throws `origin-unusable` where nothing can be fetched by such a URL. */
  at(baseUrl: string): Origin;
  /** Why nothing could be fetched by such a URL when it was last tried; null: nothing is known against it. */
  away(baseUrl: string): OriginAway | null;
}

export type OriginAway = { reason: string; since: SteadyMs };

/** What sending needs for transfers whose bytes are not on this machine. */
export type Fetching = {
  origins: OriginSet;
  /** The file itself, where the message of the transfer holds it. */
  content: (transfer: TransferId) => Buffer | null;
};
