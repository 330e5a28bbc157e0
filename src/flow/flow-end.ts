import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { RelPath } from "../kernel/path.ts";
import type { RunId } from "./ledger/claims.ts";
import type { Database } from "./ledger/database.ts";
import type { FlowId } from "./ledger/flows.ts";
import type { SourceReader } from "./read/source-reader.ts";
import type { Below } from "./send/list-below.ts";
import type { Space } from "./send/contract.ts";
import type { PumpEvents } from "./send/pump-events.ts";
import type { Pumping } from "./send/pumping.ts";
import type { FlowSettings } from "./settings.ts";
import type { ReadBack } from "./verify/read-back.ts";

/** What every far end is made of. */
export type FlowEndParts = {
  settings: FlowSettings;
  flow: FlowId;
  db: Database;
  run: RunId;
  reader: SourceReader;
  clock: Clock;
  log: Log;
  events: PumpEvents;
  changed: () => void;
};

/** The far end of a flow: a directory that files are moved to, a broker that is told of changes, or a directory that is cleaned of what is elsewhere. */
export interface FlowEnd extends AsyncDisposable {
  readonly pump: Pumping;
  /** Why nothing can go there for now; null: nothing is known against it. */
  readonly trouble: string | null;
  /** What a person should know though nothing waits for it; null: nothing. */
  readonly notice: string | null;
  readonly lanes: { open: number; max: number };
  /** How bytes are read back there; null: not known yet, or there are none. */
  readonly readBack: ReadBack["way"] | null;
  /** As last seen; null: not known, or not told. */
  readonly space: Space | null;
  /** What has a name there, and all that is below it, deepest first; null: nothing is kept there. Throws where it cannot be asked now. */
  readonly listBelow: ((directory: RelPath) => Promise<Below[]>) | null;
  /** A person wants what was given up to be done after all. */
  retried(): void;
  /** What it does beside its pump, from now on. */
  start(): void;
  /** What is due now, before a run that ends when idle. */
  finish(): Promise<void>;
}
