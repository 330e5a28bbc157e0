import type { Clock } from "../../kernel/clock.ts";
import type { Slots } from "../../kernel/concurrency.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { Fetching } from "../fetch/contract.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { NotRead } from "../read/pack.ts";
import type { SourceReader } from "../read/source-reader.ts";
import type { Method, Receipt } from "../receipt.ts";
import type { FlowSettings } from "../settings.ts";
import { type SourceFile, sourceFileOf } from "../source-file.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { Gate } from "./gate.ts";
import type { Layout } from "./layout.ts";
import type { Link } from "./link.ts";
import type { Parents } from "./parents.ts";

/** What every way of sending needs; one for each flow. */
export type SendContext = {
  settings: FlowSettings;
  flow: FlowId;
  /** The rows that this flow had before at the same destination: what they left there is ours to remove. */
  former: readonly FlowId[];
  db: Database;
  link: Link;
  layout: Layout;
  parents: Parents;
  reader: SourceReader;
  bandwidth: Bandwidth;
  /** The user's own commands that run at once. */
  commands: Slots;
  clock: Clock;
  log: Log;
  progress: Progress;
  /** Has a look at what was claimed before it is sent; null: nobody has. */
  gate: Gate | null;
  /** Where files come from that are not on this machine; null: none do. */
  fetching: Fetching | null;
};

/** What is under way, for `status`: bytes of large files as they are acknowledged. */
export interface Progress {
  sent(transfer: ClaimedTransfer, bytes: number): void;
}

/** How one try ended; `verdict.ts` makes of a failure what the ledger is told. */
export type Result =
  | { kind: "delivered"; receipt: Receipt; method: Method }
  /** `litter`: something of ours may lie under the inflight name. */
  | { kind: "failed"; error: HotdirError; litter: boolean };

export type Tried = { transfer: ClaimedTransfer; result: Result; bytes: number };

/** A claimed `put`. */
export type ClaimedPut = ClaimedTransfer & { change: ClaimedTransfer["change"] & { kind: "put" } };

/** Where its file is; not always where its path at the destination would be below the root. */
export function sourceFile(context: Pick<SendContext, "settings">, transfer: ClaimedTransfer): SourceFile {
  return sourceFileOf(context.settings.source, transfer);
}

/** The digest that the flow asks for; null where verification is off or by size. */
export function algorithmOf(context: Pick<SendContext, "settings">): DigestAlgorithm | null {
  const { verify } = context.settings.destination;
  return verify === "size" || verify === "none" ? null : verify;
}

/** Whether receipts need durability: always where retention may remove the source (design: `durable`). */
export function wantsDurable(settings: FlowSettings): boolean {
  return settings.destination.durable === "always" || (settings.destination.durable === "auto" && settings.retain.kind !== "keep");
}

export function failed(error: unknown, operation: string, litter: boolean): Result & { kind: "failed" } {
  return { kind: "failed", error: asHotdirError(error, operation), litter };
}

/** What is none of ours is a mistake of the program: it counts against the file, so that it shows and ends. */
function asHotdirError(error: unknown, operation: string): HotdirError {
  if (error instanceof HotdirError) return error;
  const aborted = error instanceof Error && error.name === "AbortError";
  if (aborted) return error.cause instanceof HotdirError ? error.cause : new HotdirError("interrupted", { operation, cause: error });
  return new HotdirError("internal", { operation, detail: messageOf(error), cause: error });
}

/** What the reader found instead of the version, as an error of this file. */
export function notReadError(context: Pick<SendContext, "settings">, transfer: ClaimedTransfer, why: NotRead): HotdirError {
  const facts = { operation: "read", path: sourceFile(context, transfer).path };
  switch (why.kind) {
    case "changed":
      return new HotdirError("source-changed", facts);
    case "gone":
      return new HotdirError("source-gone", facts);
    case "unreadable":
      return new HotdirError("source-unreadable", { ...facts, detail: why.errno });
  }
}

/** The digest of the very version of a source file. Throws what `notReadError` makes. */
export async function sourceDigest(
  context: SendContext,
  transfer: ClaimedTransfer,
  version: Version,
  algorithm: DigestAlgorithm,
): Promise<Digest> {
  const found = await context.reader.digest(sourceFile(context, transfer), version, algorithm);
  if (found.kind !== "digest") throw notReadError(context, transfer, found);
  const digest = { algorithm, hex: found.hex };
  const error = otherThanTold(transfer, digest);
  if (error !== null) throw error;
  return digest;
}

/** Whether somebody told which content the file has to have. */
export function isToldOf({ file }: Pick<ClaimedTransfer, "file">): boolean {
  return file !== null && file.digest !== null;
}

/** `source-differs` where the file is not the content that was told of; null: it is, or nobody told. */
export function otherThanTold({ file }: Pick<ClaimedTransfer, "file">, found: Digest): HotdirError | null {
  const told = file?.digest ?? null;
  if (file === null || told === null || told.algorithm !== found.algorithm || told.hex === found.hex) return null;
  const detail = `its ${found.algorithm} is ${found.hex}, and ${told.hex} was registered`;
  return new HotdirError("source-differs", { operation: "read", path: file.path, detail });
}

export function isConnectionTrouble(error: unknown): boolean {
  return error instanceof HotdirError && (error.scope === "connection" || error.scope === "destination");
}
