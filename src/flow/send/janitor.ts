import type { SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import { endedBefore } from "../ledger/litter-age.ts";
import type { FlowId } from "../ledger/flows.ts";
import { doubtedReceipt, markOvertaken } from "../ledger/overtaken.ts";
import { anyLitter, type Litter, litter, litterRemoved } from "../ledger/segments.ts";
import { BULK_ABOVE_BYTES, type TransferId } from "../transfer.ts";
import type { SendContext } from "./context.ts";
import { removeInflight } from "./leftovers.ts";
import type { Lane } from "./link.ts";

const EVERY_MS = 5000;
const BATCH = 256;
/** How long an end waits for a connection. */
const FINISH_BOUND_MS = 5000;
/** What a broken connection still holds, or that of a killed daemon, may reach the destination so long after its end (keep-alives give up then). */
const LATE_MS = 90_000;
/** Most of it comes at once: so long after the first removal there is a second. The last one is after `LATE_MS`. */
const SOON_LATE_MS = 10_000;

/**
 * Removes inflight files of ours that no transfer will use any more, and looks whether one of them was published although
 * nobody saw it. Others' are never touched: only names that the ledger made are.
 */
export class Janitor implements AsyncDisposable {
  readonly #context: SendContext;
  readonly #broken: (error: unknown) => void;
  /** What was removed once, and when it is looked for again. Its receipt was compared with what is there: once is enough, since nothing can be published any more. */
  readonly #again = new Map<TransferId, SteadyMs>();
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param broken The ledger fails: nothing can go on. */
  constructor(context: SendContext, broken: (error: unknown) => void) {
    this.#context = context;
    this.#broken = broken;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#working = this.sweep()
        .catch(this.#broken)
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    }, EVERY_MS);
  }

  /** A last sweep before an end, for which a connection is worth a short wait. */
  async finish(): Promise<void> {
    const { db, link, clock } = this.#context;
    const until = clock.steady() + FINISH_BOUND_MS;
    while (this.#flows.some((flow) => anyLitter(db, flow)) && !link.ready && clock.steady() < until && !this.#stopped) {
      link.want(1);
      await clock.sleep(20, AbortSignal.timeout(FINISH_BOUND_MS));
    }
    await this.sweep();
  }

  /** What could not be removed now, since there is no connection, is tried at the next round. */
  async sweep(): Promise<void> {
    for (const flow of this.#flows) await this.#sweepOf(flow);
  }

  get #flows(): FlowId[] {
    return [this.#context.flow, ...this.#context.former];
  }

  async #sweepOf(flow: FlowId): Promise<void> {
    const { db, link, clock } = this.#context;
    let after: TransferId = 0;
    for (;;) {
      const lefts = litter(db, flow, after, BATCH);
      if (lefts.length === 0 || this.#stopped) return;
      const lane = link.ready ? link.pick() : null;
      if (lane === null) return link.want(1);
      const ids = lefts.map(({ id }) => id);
      // A broken connection may still be writing: what was removed is looked for again until it cannot.
      const settled = new Set(endedBefore(db, ids, clock.wall() - LATE_MS));
      const due = lefts.filter(({ id }) => settled.has(id) || clock.steady() >= (this.#again.get(id) ?? 0));
      const gone = await Promise.all(due.map((left) => this.#removeOne(lane, left, flow)));
      const removed = due.flatMap(({ id }, at) => (gone[at] && settled.has(id) ? [id] : []));
      litterRemoved(db, removed);
      for (const id of removed) this.#again.delete(id);
      after = lefts.at(-1)!.id;
    }
  }

  /** Whether nothing of it is left. In this order: what is removed cannot be published any more. */
  async #removeOne(lane: Lane, left: Litter, flow: FlowId): Promise<boolean> {
    if (!(await removeInflight(this.#context, lane.files, left))) return false;
    const { clock } = this.#context;
    const isFirst = !this.#again.has(left.id);
    try {
      if (isFirst) await this.#compare(lane, left, flow);
      this.#again.set(left.id, clock.steady() + (isFirst ? SOON_LATE_MS : LATE_MS));
      return true;
    } catch (error) {
      this.#context.log.debug(`${show(left.path)}: what is at the destination could not be compared: ${messageOf(error)}; tried again`);
      return false;
    }
  }

  /** P2: a receipt that does not tell what is there any more is not left standing. */
  async #compare(lane: Lane, { id, path }: Litter, flow: FlowId): Promise<void> {
    const { db, link, layout } = this.#context;
    const receipt = doubtedReceipt(db, flow, path, id);
    if (receipt === null) return;
    const final = layout.final(path);
    const facts = await lane.files.lstat(final);
    if (facts?.kind !== "file") return;
    const large = facts.sizeBytes > BULK_ABOVE_BYTES;
    const readBack = large ? await link.bulkReadBack(lane) : link.readBack(lane);
    const same =
      facts.sizeBytes === receipt.sizeBytes &&
      (await readBack.digest(receipt.digest.algorithm, [{ path: final, large }]))[0]?.hex === receipt.digest.hex;
    if (!same) markOvertaken(db, id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
  }
}
