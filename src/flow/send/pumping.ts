import type { Active } from "./active.ts";

/** Who takes transfers from the ledger, makes them true at one kind of destination, and writes down how each attempt ended. */
export interface Pumping {
  /** What is under way, for `status`. */
  readonly active: Active;
  readonly underWay: number;
  /** Takes work from now on. */
  start(): void;
  /** Takes no more; what is under way goes on (a halt). */
  pause(): void;
  /** Something may have changed: new transfers, the destination, the clock. Many calls are one turn. */
  wake(): void;
  /** Takes no more, lets what is under way end within `boundMs`, then hands it back, uncounted. `start` takes it back at any moment. */
  interrupt(boundMs: number): Promise<void>;
  /** For good: within the bound, and a moment. */
  stop(boundMs: number): Promise<void>;
}
