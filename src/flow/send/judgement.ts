import type { Outcome } from "../ledger/outcomes.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { failed, type Result, type SendContext } from "./context.ts";
import type { DestinationWatch } from "./destination-watch.ts";
import { Holding } from "./holding.ts";
import type { PumpEvents } from "./pump-events.ts";
import { retainAfter } from "./retain-after.ts";
import { verdict } from "./verdict.ts";

/** Who looks whether a destination can take work. An error: it is to be left alone for now. */
type Watch = Pick<DestinationWatch, "look" | "forget">;

/** What the ends of tries mean: for the ledger, for the destination, and for what is looked at again. One for each pump. */
export class Judgement {
  readonly holding: Holding;
  readonly #context: SendContext;
  readonly #events: Pick<PumpEvents, "look">;
  readonly #destination: Watch;

  constructor(context: SendContext, events: Pick<PumpEvents, "look">, destination: Watch) {
    this.#context = context;
    this.#events = events;
    this.#destination = destination;
    this.holding = new Holding(context.clock, context.log);
  }

  outcomeOf(transfer: ClaimedTransfer, result: Result): Outcome {
    const { clock, link, settings } = this.#context;
    if (result.kind === "delivered") {
      this.holding.delivered(transfer.id);
      link.succeeded();
      return {
        kind: "delivered",
        receipt: result.receipt,
        method: result.method,
        retain: retainAfter(settings, transfer, result, clock.steady()),
      };
    }
    const { error, litter } = result;
    const othersGotThrough = this.holding.othersGotThrough(transfer.id);
    this.holding.failed(transfer.id, error);
    if (error.scope === "destination") this.#destination.forget();
    if (error.code === "source-changed" || error.code === "source-gone") this.#events.look([transfer.change.path]);
    return verdict(error, {
      failures: transfer.failures,
      attempts: transfer.fence.attempt,
      litter,
      named: transfer.file !== null,
      othersGotThrough,
      retry: settings.retry,
      now: clock.steady(),
    });
  }

  /**
   * Looks at the destination. Every answer but a good one is followed by a wait: a destination that fails at once must not be asked without end.
   * `broken`: the lane broke meanwhile, which tells so itself, and wakes the pump when there is another.
   */
  async look(): Promise<"done" | "broken"> {
    const trouble = await this.#destination.look().catch((error: unknown) => failed(error, "look at the destination", false).error);
    if (trouble?.scope === "connection") return "broken";
    if (trouble === null) this.holding.end();
    else this.holding.begin(trouble);
    return "done";
  }
}
