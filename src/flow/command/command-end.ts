import { assert, messageOf } from "../../kernel/errors.ts";
import { Slots } from "../../kernel/concurrency.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { FlowEnd, FlowEndParts } from "../flow-end.ts";
import { closeInterrupted } from "../ledger/batches.ts";
import { setJournaled } from "../ledger/journal-owed.ts";
import { ledgerToken } from "../ledger/meta.ts";
import { formerFlows } from "../ledger/relocate.ts";
import { Bandwidth } from "../send/bandwidth.ts";
import { algorithmOf } from "../send/context.ts";
import type { Space } from "../send/contract.ts";
import { Janitor } from "../send/janitor.ts";
import { Layout } from "../send/layout.ts";
import { Link } from "../send/link.ts";
import { type Below, listBelow } from "../send/list-below.ts";
import { Parents } from "../send/parents.ts";
import type { CommandPlace } from "../settings.ts";
import type { ReadBack } from "../verify/read-back.ts";
import type { CommandContext } from "./command-context.ts";
import { CommandFiles, commandReadBack } from "./command-files.ts";
import { CommandPump } from "./command-pump.ts";
import { FarShell } from "./far-shell.ts";
import { Journal } from "./journal/journal.ts";
import { tidy } from "./preparation.ts";

const TIDY_EVERY_MS = 5000;

export type CommandEndOptions = FlowEndParts & { place: CommandPlace };

/** A directory at the far end that the user's own commands fill. */
export class CommandEnd implements FlowEnd {
  readonly pump: CommandPump;
  readonly listBelow: (directory: RelPath) => Promise<Below[]>;
  readonly #context: CommandContext;
  readonly #link: Link;
  readonly #janitor: Janitor;
  readonly #journal: Journal | null;
  #timer: NodeJS.Timeout | null = null;
  #tidying: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: CommandEndOptions) {
    const { settings, place, clock, log, db, flow, run, events, changed } = options;
    const algorithm = algorithmOf({ settings });
    closeInterrupted(db, run, clock.wall());
    setJournaled(db, flow, place.journal !== null);
    this.#journal = place.journal === null ? null : new Journal({ db, flow, file: place.journal, log, changed });
    this.#link = new Link({
      place: {
        openLane: async (signal) =>
          new CommandFiles(await FarShell.open({ remote: place.remote, stillMs: place.stillMs, algorithm, log }, signal)),
        openShell: async () => null,
        readBack: commandReadBack(() => this.#shell(), algorithm),
      },
      lanesMax: 1,
      clock,
      log,
      changed: () => {
        this.pump.wake();
        changed();
      },
    });
    this.#context = this.#commandContext(options);
    this.listBelow = (directory) => listBelow(this.#context, directory);
    this.pump = new CommandPump(this.#context, events);
    this.#janitor = new Janitor(this.#context, events.broken);
  }

  #commandContext({ settings, place, flow, db, run, reader, clock, log }: CommandEndOptions): CommandContext {
    const layout = new Layout({ directory: place.directory as Bytes, inflight: settings.destination.inflight }, ledgerToken(db));
    return {
      settings,
      place,
      flow,
      run,
      former: formerFlows(db, flow),
      db,
      link: this.#link,
      shell: () => this.#shell(),
      batched: () => this.#journal?.wake(),
      layout,
      parents: new Parents([layout.root, layout.inflightRoot]),
      reader,
      bandwidth: new Bandwidth(settings.destination.bandwidth, clock),
      commands: new Slots(settings.destination.lanesMax),
      clock,
      log,
      fetching: null,
      gate: null,
      progress: { sent: (transfer, bytes) => this.pump.active.sent(transfer, bytes) },
    };
  }

  #shell(): FarShell {
    const { files } = this.#link.lane();
    assert(files instanceof CommandFiles, "a lane of commands is one of commands");
    return files.shell;
  }

  get trouble(): string | null {
    const { state } = this.#link;
    return (state.kind === "waiting" ? state.error : this.pump.hold?.error)?.message ?? null;
  }

  get notice(): string | null {
    if (this.#journal !== null && this.#journal.trouble !== null) return this.#journal.trouble;
    const lane = this.#link.pick();
    const { verify } = this.#context.settings.destination;
    if (lane === null || verify === "size" || verify === "none" || this.#shell().tools.digest !== null) return null;
    return `the far side has no tool for ${verify}: receipts rest on the size alone, and nothing is removed from the source`;
  }

  get lanes(): { open: number; max: number } {
    return {
      open: this.#link.lanes.length === 0 ? 0 : this.#context.settings.destination.lanesMax,
      max: this.#context.settings.destination.lanesMax,
    };
  }

  get readBack(): ReadBack["way"] | null {
    return this.#link.pick() === null ? null : "remote tool";
  }

  get space(): Space | null {
    return this.pump.destination.last;
  }

  retried(): void {
    this.pump.wake();
  }

  start(): void {
    this.#janitor.start();
    this.#journal?.start();
    this.#timer = setInterval(() => this.#tidyUp(), TIDY_EVERY_MS);
  }

  #tidyUp(): void {
    this.#tidying = this.#tidying
      .then(() => this.#tidy())
      .catch((error: unknown) => this.#context.log.debug(`what was left there stays for now: ${messageOf(error)}`));
  }

  async #tidy(): Promise<void> {
    while (!this.#stopped && this.#link.ready && (await tidy(this.#context)));
  }

  async finish(): Promise<void> {
    await this.#janitor.finish();
    this.#tidyUp();
    await this.#tidying;
    await this.#journal?.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    try {
      await this.#janitor[Symbol.asyncDispose]();
    } finally {
      await this.#link[Symbol.asyncDispose]();
      await this.#tidying;
      this.#journal?.[Symbol.dispose]();
    }
  }
}
