import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { fieldsOf, wireMessage } from "../../src/broker/messages/encode.ts";
import { readBody } from "../../src/broker/messages/told.ts";
import type { Digest, DigestAlgorithm } from "../../src/flow/digest.ts";
import type { OriginSet } from "../../src/flow/fetch/contract.ts";
import { FileEnd } from "../../src/flow/file-end.ts";
import { recordQueued } from "../../src/flow/ledger/admissions.ts";
import { beginRun } from "../../src/flow/ledger/claims.ts";
import { type Database, openForWriting } from "../../src/flow/ledger/database.ts";
import { type FlowId, registerFlow } from "../../src/flow/ledger/flows.ts";
import { messageOfTransfer, originsIn, recordMessage } from "../../src/flow/ledger/messages.ts";
import type { Outcome } from "../../src/flow/ledger/outcomes.ts";
import { SourceReader } from "../../src/flow/read/source-reader.ts";
import type { DestinationSettings, FlowSettings } from "../../src/flow/settings.ts";
import type { TransferId } from "../../src/flow/transfer.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { AbsPath, RelPath } from "../../src/kernel/path.ts";
import { subscribedSource } from "./bus-settings.ts";
import { flowSettings } from "./ledger.ts";
import { waitUntil } from "./waiting.ts";

/** What a message of the world says; what is left out, it does not say. */
export type Saying = {
  relPath: string;
  bytes?: Buffer;
  sizeBytes?: number;
  mtimeS?: number;
  digest?: Digest | null;
  inline?: boolean;
  pubTimeMs?: number;
  baseUrl?: string;
  /** Without its size. */
  unsized?: boolean;
};

/** The far end of a flow and its ledger, with messages put in by hand: all of a subscribed flow but the broker. */
export class FetchWorld implements AsyncDisposable {
  readonly db: Database;
  readonly flow: FlowId;
  readonly settings: FlowSettings;
  readonly outcomes: Array<{ id: TransferId; path: RelPath; outcome: Outcome }> = [];
  readonly looked: RelPath[] = [];
  readonly destination: string;
  readonly #origins: OriginSet;
  readonly #baseUrl: string;
  readonly #reader = new SourceReader();
  #end: FileEnd | null = null;

  constructor(
    directory: string,
    options: { origins: OriginSet; baseUrl: string; destination?: Partial<DestinationSettings>; retry?: FlowSettings["retry"] },
  ) {
    this.destination = `${directory}/there`;
    for (const name of ["state", "there", "source"]) mkdirSync(`${directory}/${name}`, { recursive: true });
    this.#origins = options.origins;
    this.#baseUrl = options.baseUrl;
    const usual = flowSettings();
    const place = { kind: "file", directory: this.destination as AbsPath } as const;
    this.settings = {
      ...usual,
      source: subscribedSource(`${directory}/source` as AbsPath),
      destination: { ...usual.destination, place, lanesMax: 2, segmentAboveBytes: 16 * 1024 * 1024, ...options.destination },
      retry: options.retry ?? { attemptsMax: 3, backoff: { minMs: 20, maxMs: 50 } },
    };
    this.db = openForWriting(`${directory}/state`);
    this.flow = registerFlow(this.db, { name: "test", root: `${directory}/source` as AbsPath, destination: "there" });
  }

  /** A new life of the daemon. */
  async start(): Promise<void> {
    await this.stop();
    const run = beginRun(this.db, process.pid, { wall: Date.now(), steady: systemClock().steady() });
    this.#end = new FileEnd({
      settings: this.settings,
      flow: this.flow,
      db: this.db,
      run,
      reader: this.#reader,
      clock: systemClock(),
      log: silentLog,
      changed: () => undefined,
      all: () => [],
      fetching: {
        origins: this.#origins,
        content: (id) => readBody(messageOfTransfer(this.db, id)?.body ?? Buffer.alloc(0))?.content ?? null,
      },
      events: {
        originOf: originsIn(this.db, readBody),
        look: (paths) => void this.looked.push(...paths),
        delivered: ({ id, change }, outcome) => void this.outcomes.push({ id, path: change.path, outcome }),
        failed: ({ id, change }, outcome) => void this.outcomes.push({ id, path: change.path, outcome }),
        recorded: () => undefined,
        refuseRemoval: () => null,
        broken: (error) => {
          throw error;
        },
      },
    });
    this.#end.pump.start();
  }

  /** As if it were killed, as far as the ledger goes: what is under way ends as it will. */
  async stop(boundMs = 0): Promise<void> {
    await this.#end?.pump.stop(boundMs);
    await this.#end?.[Symbol.asyncDispose]();
    this.#end = null;
  }

  /** A message has come, and was taken on. */
  announce(said: Saying): TransferId {
    const { bytes } = said;
    const sizeBytes = said.sizeBytes ?? bytes?.length ?? 0;
    const digest = said.digest === undefined ? (bytes === undefined ? null : digestOf(bytes)) : said.digest;
    const pubTimeNs = BigInt(said.pubTimeMs ?? Date.now()) * 1_000_000n;
    const baseUrl = said.baseUrl ?? this.#baseUrl;
    const version = { inode: "", sizeBytes, mtimeNs: BigInt(said.mtimeS ?? 1_500_000_000) * 1_000_000_000n };
    const change = { kind: "put", path: said.relPath as RelPath, version, mode: 0o640, links: 1 } as const;
    const content = said.inline === true ? bytes! : null;
    const fields = fieldsOf({ change, pubTimeNs, baseUrl, source: "ada", digest, content });
    if (said.unsized === true) delete fields["size"];
    const { body } = wireMessage(fields, said.relPath as RelPath);
    const told = readBody(body)!;
    const at = { wall: Date.now(), steady: systemClock().steady() };
    const id = this.db.transaction(() => {
      const made = recordQueued(this.db, this.flow, told.change, at);
      recordMessage(this.db, this.flow, made, { relPath: told.change.path, pubTimeNs, baseUrl, body });
      return made;
    });
    this.#end?.pump.wake();
    return id;
  }

  get sentBytes(): number {
    return this.#end?.pump.active.totals.bytes ?? 0;
  }

  wake(): void {
    this.#end?.pump.wake();
  }

  /** The last outcome of a transfer, once it is one that stays. */
  async ended(id: TransferId, timeoutMs = 30_000): Promise<Outcome> {
    const last = (): Outcome | undefined => this.outcomes.findLast((entry) => entry.id === id)?.outcome;
    const ended = (): Outcome | false => {
      const outcome = last();
      return outcome !== undefined && outcome.kind !== "back-off" && outcome.kind !== "hand-back" && outcome;
    };
    return await waitUntil(`the end of transfer ${id}`, ended, {
      timeoutMs,
      everyMs: 10,
      explain: () => JSON.stringify(this.outcomes.slice(-5)),
    });
  }

  /** The first outcome of a transfer, whatever it is. */
  async outcome(id: TransferId): Promise<Outcome> {
    const first = (): Outcome | undefined => this.outcomes.find((entry) => entry.id === id)?.outcome;
    return await waitUntil(`an outcome of transfer ${id}`, first, { everyMs: 10 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#reader[Symbol.asyncDispose]();
    await this.#origins[Symbol.asyncDispose]();
    this.db[Symbol.dispose]();
  }
}

export function digestOf(bytes: Buffer, algorithm: DigestAlgorithm = "sha512"): Digest {
  return {
    algorithm,
    hex: createHash(algorithm === "blake2b" ? "blake2b512" : algorithm)
      .update(bytes)
      .digest("hex"),
  };
}
