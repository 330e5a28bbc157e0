import type { ErrorCode } from "../../kernel/error-codes.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { othersWords } from "../../kernel/others-words.ts";
import { type Bytes, textOf } from "../../kernel/path.ts";
import { formatAge } from "../../kernel/readable.ts";
import { batchStatus, type BatchId, closeBatch, openBatches, recordStep, splitBatch, type Step, stageRemoved } from "../ledger/batches.ts";
import { type ClaimedPut, failed, type Result, sourceFile, type Tried } from "../send/context.ts";
import { describeEnd, runCommand } from "../send/run-command.ts";
import type { TransferId } from "../transfer.ts";
import type { CommandContext } from "./command-context.ts";
import { farTrouble } from "./host-trouble.ts";
import { Item } from "./item.ts";
import { comparisonOf, land, proofOf } from "./landing.ts";
import { landingName, localName } from "./local-name.ts";
import { prepare } from "./preparation.ts";
import { fillTemplate, takesBatch } from "./template.ts";

const FOUND = "it was there already with this content, and no command was run";

/**
 * Sends files of one directory by the user's commands, each with its own end: read here, a directory of ours made there, the transfer
 * command, and what landed proved and moved. After a command that brought not all of them the rest go one by one, so that a bad file takes
 * no other along. Files that would land under one name go one after the other.
 */
export async function sendRound(context: CommandContext, puts: ClaimedPut[], signal: AbortSignal): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const apart of await byLandingName(context, puts)) {
    const round = new Round(context, apart, signal);
    try {
      await round.send();
    } catch (error) {
      round.failAll(error);
    }
    tried.push(...round.end());
  }
  return tried;
}

/** So that in none two have one name where they land: links may lead to files of one name, or to one file. */
async function byLandingName(context: CommandContext, puts: ClaimedPut[]): Promise<ClaimedPut[][]> {
  const groups: Array<{ puts: ClaimedPut[]; names: Set<Bytes> }> = [];
  for (const put of puts) {
    const name = await landingName(sourceFile(context, put), put.id);
    let group = groups.find(({ names }) => !names.has(name));
    if (group === undefined) groups.push((group = { puts: [], names: new Set() }));
    group.puts.push(put);
    group.names.add(name);
  }
  return groups.map((group) => group.puts);
}

class Round {
  readonly #context: CommandContext;
  readonly #signal: AbortSignal;
  readonly #items: Item[];
  readonly #batches = new Map<BatchId, Item[]>();
  readonly #messages = new Map<BatchId, { status: number; message: string; trouble: ErrorCode | null }>();
  #stage: BatchId | null = null;

  constructor(context: CommandContext, puts: ClaimedPut[], signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    this.#items = puts.map((put) => new Item(put));
  }

  get #open(): Item[] {
    return this.#items.filter((item) => item.isOpen);
  }

  async send(): Promise<void> {
    await Promise.all(this.#items.map((item) => item.read(this.#context)));
    for (const item of this.#open) item.comparison = comparisonOf(this.#context, item.put, item.digest);
    if (this.#open.length === 0) return;
    const together = takesBatch(this.#context.place.transfer);
    const groups = together ? [this.#open] : this.#open.map((item) => [item]);
    this.#begin(groups);
    const found = await this.#prepare();
    const sent = [...this.#batches.keys()];
    for (const id of sent) await this.#transfer(id);
    await this.#land(
      this.#open.filter((item) => !found.includes(item)),
      found,
      sent,
    );
    if (together && this.#items.length > 1) await this.#oneByOne(this.#items.filter(({ result }) => isWorthAnother(result)));
  }

  /** What the command did not bring, each by a command of its own. */
  async #oneByOne(rest: Item[]): Promise<void> {
    for (const [at, item] of rest.entries()) {
      item.result = null;
      try {
        const [id] = this.#begin([[item]]);
        const found = await this.#prepare();
        await this.#transfer(id!);
        await this.#land(found.length > 0 ? [] : this.#open, found, [id!]);
      } catch (error) {
        const { error: trouble } = failed(error, "send", true);
        item.fail(error, "send");
        if (trouble.scope === "file" || trouble.scope === "unclear") continue;
        // Then it is none of theirs, either.
        for (const other of rest.slice(at + 1)) other.result = failed(error, "send", true);
        return;
      }
    }
  }

  #begin(groups: Item[][]): BatchId[] {
    const { db, flow, run, clock } = this.#context;
    const ids = openBatches(
      db,
      { flow, run, at: clock.wall(), stage: this.#stage },
      groups.map((items) => ({ members: items.map(({ put, digest }) => ({ transfer: put.id, digest })), bytes: bytesOf(items) })),
    );
    this.#stage ??= ids[0]!;
    for (const [at, id] of ids.entries()) {
      this.#batches.set(id, groups[at]!);
      for (const item of groups[at]!) item.batch = id;
    }
    this.#context.batched();
    return ids;
  }

  /** Makes the directory there, and looks at each final name. What is there already, and what cannot go there, have batches of their own, for which no command is run. */
  async #prepare(): Promise<Item[]> {
    const open = this.#open;
    const ids = [...new Set(open.map((item) => item.batch!))];
    const found = await this.#step(ids, "pre", () => prepare(this.#context, this.#stage!, open, this.#signal));
    for (const item of found) item.isThere = true;
    for (const id of ids) {
      const items = this.#batches.get(id)!;
      for (const apart of [items.filter(({ isThere }) => isThere), items.filter(({ isOpen }) => !isOpen)]) this.#setApart(id, apart);
    }
    return found;
  }

  /** Gives some files of a batch one of their own, unless they are all of it. The batch that they have. */
  #setApart(id: BatchId, items: Item[]): BatchId {
    const all = this.#batches.get(id)!;
    if (items.length === 0 || items.length === all.length) return id;
    const apart = splitBatch(this.#context.db, id, idsOf(items), bytesOf(items));
    this.#batches.set(
      id,
      all.filter((item) => !items.includes(item)),
    );
    this.#batches.set(apart, items);
    return apart;
  }

  /** Runs the command of one batch. How it ended is evidence only: what landed tells. */
  async #transfer(id: BatchId): Promise<void> {
    const { place, layout } = this.#context;
    await using names = new AsyncDisposableStack();
    const given: string[] = [];
    for (const item of this.#batches.get(id)!.filter(({ isOpen, isThere }) => isOpen && !isThere)) {
      try {
        const name = names.use(await localName(sourceFile(this.#context, item.put), item.put.id));
        item.lands = name.lands;
        given.push(name.argument);
      } catch (error) {
        item.fail(error, "send");
      }
    }
    if (given.length === 0) return;
    const argv = fillTemplate(place.transfer, { batch: given, file: given[0]!, dest: textOf(layout.landing(this.#stage!)) });
    const end = await this.#step([id], "transfer", () => runCommand(argv, { signal: this.#signal, stillMs: place.stillMs }));
    if (end.exit.kind === "not-started")
      throw new HotdirError("command-not-started", { operation: "run the transfer command", detail: `${argv[0]}: ${end.exit.errno}` });
    if (end.exit.kind === "status" && end.exit.status === 0 && !end.late) return;
    this.#messages.set(id, {
      status: end.late ? batchStatus.late : batchStatus.failed,
      message: othersWords(`${argv[0]}: ${describeEnd(end, `nothing moved for ${formatAge(place.stillMs ?? 0)}`)}`),
      trouble: farTrouble(end),
    });
  }

  async #land(items: Item[], found: Item[], ids: BatchId[]): Promise<void> {
    const context = this.#context;
    await Promise.all(items.map((item) => item.lookAgain(context)));
    const landing = items.filter(({ isOpen, lands }) => isOpen && lands !== null);
    const sent = ids.filter((id) => this.#batches.get(id)!.some(({ lands, isThere }) => lands !== null || isThere));
    const { landed, durable, isTidy } = await this.#step(sent, "post", () => land(context, this.#stage!, landing, found, this.#signal));
    if (isTidy) stageRemoved(context.db, context.flow, this.#stage!);
    for (const item of found) item.deliver(proofOf(context, item.digest), durable, "found");
    for (const [at, item] of landing.entries()) {
      const how = landed[at]!;
      if (how.kind === "refused") item.fail(this.#inItsWords(item, how.error), "send");
      else item.deliver(proofOf(context, item.digest), durable, how.kind === "moved" ? "transferred" : "found");
    }
    for (const id of ids) this.#close(id);
  }

  /**
   * With what is to be said of it: of what came, that it did, and of the rest why not, each in a batch of its own. What did not come another
   * command may bring; that is another batch.
   */
  #close(id: BatchId): void {
    const { db, clock } = this.#context;
    const items = this.#batches.get(id)!;
    const bad = items.filter(({ result }) => result?.kind !== "delivered");
    const said = this.#messages.get(id);
    const why = bad.flatMap(({ result }) => (result?.kind === "failed" ? [result.error.message] : []))[0];
    const failure = { status: said?.status ?? batchStatus.failed, message: said?.message ?? why ?? null };
    const success = { status: batchStatus.done, message: items.every(({ isThere }) => isThere) ? FOUND : (said?.message ?? null) };
    db.transaction(() => {
      const apart = this.#setApart(id, bad);
      this.#batches.delete(apart);
      this.#batches.delete(id);
      if (bad.length > 0) closeBatch(db, apart, failure, clock.wall());
      if (bad.length < items.length) closeBatch(db, id, success, clock.wall());
    });
  }

  /** What did not come is explained by what the command said: of the host, which is no fault of the file, or of something else. */
  #inItsWords(item: Item, error: HotdirError): HotdirError {
    const said = this.#messages.get(item.batch!);
    if (said === undefined || (error.code !== "digest-unavailable" && error.code !== "digest-mismatch")) return error;
    return new HotdirError(said.trouble ?? "transfer-failed", { operation: "send", path: item.put.change.path, detail: said.message });
  }

  async #step<T>(ids: BatchId[], step: Step, work: () => Promise<T>): Promise<T> {
    const { db, clock } = this.#context;
    const atMs = clock.wall();
    const begun = performance.now();
    try {
      return await work();
    } finally {
      recordStep(db, ids, step, { atMs, tookMs: performance.now() - begun });
    }
  }

  failAll(error: unknown): void {
    for (const item of this.#open) item.fail(error, "send");
  }

  /** Each file has its end, and each batch. */
  end(): Tried[] {
    for (const id of this.#batches.keys()) this.#close(id);
    this.#context.batched();
    return this.#items.map(({ put, result }) => ({
      transfer: put,
      result: result ?? failed(new HotdirError("internal", { operation: "send", detail: "it has no end" }), "send", true),
      bytes: put.change.version.sizeBytes,
    }));
  }
}

function idsOf(items: Item[]): TransferId[] {
  return items.map(({ put }) => put.id);
}

function bytesOf(items: Item[]): number {
  return items.reduce((sum, { put }) => sum + put.change.version.sizeBytes, 0);
}

/** What did not land, or not whole, may do so alone. */
function isWorthAnother(result: Result | null): boolean {
  return result?.kind === "failed" && ["transfer-failed", "digest-unavailable", "digest-mismatch"].includes(result.error.code);
}
