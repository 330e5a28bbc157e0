import type { LiveStatus } from "../../daemon/control-protocol.ts";

/** A quarter of an hour, second by second, in memory: what the ledger's bins of five minutes do not tell. */
export const RECENT_S = 900;

export type Point = { atMs: number; filesPerS: number; bytesPerS: number };

export class RecentRates {
  readonly #flows: Map<string, Point[]>;

  constructor(before: ReadonlyMap<string, Point[]> = new Map()) {
    this.#flows = new Map(before);
  }

  add(live: LiveStatus, atMs: number): void {
    const known = new Set(live.flows.map((flow) => flow.name));
    for (const name of this.#flows.keys()) if (!known.has(name)) this.#flows.delete(name);
    for (const { name, filesPerS, bytesPerS } of live.flows) {
      const points = this.#flows.get(name) ?? [];
      // A plot wants each second once.
      if (Math.round((points.at(-1)?.atMs ?? 0) / 1000) === Math.round(atMs / 1000)) points.pop();
      points.push({ atMs, filesPerS, bytesPerS });
      if (points.length > RECENT_S) points.splice(0, points.length - RECENT_S);
      this.#flows.set(name, points);
    }
  }

  get all(): ReadonlyMap<string, Point[]> {
    return this.#flows;
  }

  of(flow: string): readonly Point[] {
    return this.#flows.get(flow) ?? [];
  }
}
