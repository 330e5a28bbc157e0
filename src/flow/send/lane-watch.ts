import type { Active } from "./active.ts";
import type { SendContext } from "./context.ts";
import { LaneCount } from "./lane-count.ts";
import { SEGMENT_BYTES } from "./segment-plan.ts";

const LOOK_MS = 400;

/** While something is under way, asks now and then for more or fewer lanes. */
export class LaneWatch {
  readonly #context: SendContext;
  readonly #active: Active;
  readonly #count = new LaneCount();
  #timer: NodeJS.Timeout | null = null;

  constructor(context: SendContext, active: Active) {
    this.#context = context;
    this.#active = active;
  }

  /** Asks the link for as many lanes as are wanted now. */
  want(): void {
    this.#context.link.want(this.#count.wanted);
  }

  /** @param packs small files that wait or are under way, in packs; null: nothing is under way any more. */
  watch(packs: () => number | null): void {
    this.#timer ??= setInterval(() => {
      const waiting = packs();
      this.#look(waiting ?? 0);
      if (waiting === null) this.stop();
    }, LOOK_MS);
  }

  #look(packs: number): void {
    const { link, clock } = this.#context;
    const { bytes, files } = this.#active.sinceLastLook();
    // With a shell, packs go through that; lanes only publish them.
    const forPacks = link.shell === null ? Math.ceil(packs / 2) : 1;
    const usefulLanes = Math.max(1, Math.ceil(this.#active.bulkBytesLeft() / SEGMENT_BYTES), forPacks);
    link.want(this.#count.look({ now: clock.steady(), openLanes: link.lanes.length, lanesMax: link.lanesMax, usefulLanes, bytes, files }));
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
