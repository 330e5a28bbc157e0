import type { RelPath } from "../kernel/path.ts";
import type { Sighting, Watching } from "./detect/contract.ts";

/** Where changes come into a flow: from a directory that is watched and from posts (`Intake`), or from messages (`Receiver`). */
export interface Entrance extends AsyncDisposable {
  /** How the source is observed; null: it is not. */
  readonly watching: Watching | null;
  /** Whether every file that is complete has been recorded, and nothing becomes complete by itself. */
  readonly idle: boolean;
  /** Whether all that the source held at some moment since the start has been recorded. */
  readonly scanned: boolean;
  start(): void;
  /** Looks at these paths again soon: something else was found there than was to be sent. */
  look(paths: RelPath[]): void;
  /** What a person names. Durable in the ledger when it returns. */
  admit(sightings: Sighting[]): void;
  /** The source is accepted as it is now, whatever was known of it. */
  watchAnew(): Promise<void>;
}
