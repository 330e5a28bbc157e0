import { Slots } from "../kernel/concurrency.ts";
import type { Bytes, RelPath } from "../kernel/path.ts";
import { AfterDelivery, type AfterDeliveryOptions } from "./after-delivery.ts";
import type { Fetching } from "./fetch/contract.ts";
import { filePlaceOf } from "./file-place.ts";
import type { FlowEnd } from "./flow-end.ts";
import { ledgerToken } from "./ledger/meta.ts";
import { formerFlows } from "./ledger/relocate.ts";
import { placeOf } from "./place.ts";
import { Bandwidth } from "./send/bandwidth.ts";
import type { SendContext } from "./send/context.ts";
import type { Space } from "./send/contract.ts";
import { Janitor } from "./send/janitor.ts";
import { Layout } from "./send/layout.ts";
import { Link } from "./send/link.ts";
import { Parents } from "./send/parents.ts";
import { type Below, listBelow } from "./send/list-below.ts";
import { Pump } from "./send/pump.ts";
import type { ReadBack } from "./verify/read-back.ts";

export type FileEndOptions = AfterDeliveryOptions & { fetching: Fetching | null };

/** A directory at the far end, here or over ssh: the connections to it, the pump that fills it, and the janitor of what was left there. */
export class FileEnd implements FlowEnd {
  readonly pump: Pump;
  readonly listBelow: (directory: RelPath) => Promise<Below[]>;
  readonly #link: Link;
  readonly #janitor: Janitor;
  readonly #after: AfterDelivery;

  constructor(options: FileEndOptions) {
    const { settings, clock, log, reader } = options;
    this.#link = new Link({
      place: placeOf(settings.destination, reader, log),
      lanesMax: settings.destination.lanesMax,
      clock,
      log,
      changed: () => {
        this.pump.wake();
        options.changed();
      },
    });
    this.#after = new AfterDelivery(options);
    const context = this.#sendContext(options);
    this.listBelow = (directory) => listBelow(context, directory);
    const recorded = (): void => (this.#after.wake(), options.events.recorded());
    this.pump = new Pump(context, options.run, { ...options.events, recorded });
    this.#janitor = new Janitor(context, options.events.broken);
  }

  #sendContext({ settings, flow, db, reader, clock, log, fetching }: FileEndOptions): SendContext {
    const { inflight } = settings.destination;
    const layout = new Layout({ directory: filePlaceOf(settings.destination).directory as Bytes, inflight }, ledgerToken(db));
    return {
      settings,
      flow,
      former: formerFlows(db, flow),
      db,
      link: this.#link,
      layout,
      parents: new Parents([layout.root, layout.inflightRoot], settings.destination.chmod),
      reader,
      bandwidth: new Bandwidth(settings.destination.bandwidth, clock),
      commands: new Slots(settings.destination.lanesMax),
      clock,
      log,
      fetching,
      gate: this.#after.gate,
      progress: { sent: (transfer, bytes) => this.pump.active.sent(transfer, bytes) },
    };
  }

  get trouble(): string | null {
    const { state } = this.#link;
    return (state.kind === "waiting" ? state.error : this.pump.hold?.error)?.message ?? this.#after.trouble;
  }

  get notice(): string | null {
    return this.#after.notice;
  }

  get lanes(): { open: number; max: number } {
    return { open: this.#link.lanes.length, max: this.#link.lanesMax };
  }

  get readBack(): ReadBack["way"] | null {
    const lane = this.#link.pick();
    return lane === null ? null : this.#link.readBack(lane).way;
  }

  get space(): Space | null {
    return this.pump.destination.last;
  }

  retried(): void {
    this.pump.wake();
    this.#after.wake();
  }

  start(): void {
    this.#janitor.start();
    this.#after.start();
  }

  async finish(): Promise<void> {
    await this.#after.finish();
    await this.#janitor.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#after[Symbol.asyncDispose]();
      await this.#janitor[Symbol.asyncDispose]();
    } finally {
      await this.#link[Symbol.asyncDispose]();
    }
  }
}
