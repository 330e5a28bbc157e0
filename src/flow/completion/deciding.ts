import { createHash } from "node:crypto";
import type { WallMs } from "../../kernel/clock.ts";
import { type AbsPath, join, type RelPath } from "../../kernel/path.ts";
import { cryptoNames, type DigestAlgorithm } from "../digest.ts";
import { digestOf } from "../guarantee.ts";
import type { Database } from "../ledger/database.ts";
import type { FileSet } from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import * as manifests from "../ledger/manifests.ts";
import { type ReceiptRow, receiptsBelow } from "../ledger/receipts.ts";
import { waitForUnended, waitsForAny } from "../ledger/set-waits.ts";
import type { CompletionSettings, FlowSettings, ManifestFormat } from "../settings.ts";
import type { ManifestFormatter } from "./format/contract.ts";
import { jsonManifest } from "./format/json.ts";
import { sumsManifest } from "./format/sums.ts";
import { suprsyncManifest } from "./format/suprsync.ts";
import { manifestNames } from "./manifest-name.ts";

const formatters: Record<ManifestFormat, ManifestFormatter> = { json: jsonManifest, sums: sumsManifest, suprsync: suprsyncManifest };

/** A part of a manifest in the ledger; of one that is larger only so much is in memory. */
const PART_BYTES = 256 * 1024;

export type Decider = {
  db: Database;
  flow: FlowId;
  settings: FlowSettings;
  completion: CompletionSettings;
  /** Where manifests are written. */
  directory: AbsPath;
  finalizedUntilS: () => number;
  membersElsewhere: (set: FileSet) => Iterable<RelPath>;
};

/** `waits`: for transfers. `empty`: it has no member, and no manifest says so. `name-taken`: its manifest would have the name of another one's. */
export type Decision = { kind: "decided"; members: number } | { kind: "waits" } | { kind: "empty" } | { kind: "name-taken" };

/**
 * Decides a set that is whole, in the transaction of its caller: the manifest is in the ledger with it, or neither is. Whatever is told
 * of the set, no transfer below it may be open or dead.
 */
export function decideSet(decider: Decider, set: FileSet, nowMs: WallMs): Decision {
  const { db, flow, settings, completion } = decider;
  // The manifest of another set can be a member of this one.
  if (waitsForAny(db, set.id) || manifests.isDecidedBelow(db, flow, set.path) || waitForUnended(db, flow, set) > 0)
    return { kind: "waits" };
  const { path, local } = manifestNames(completion.manifest, { flow: settings.name, set: set.path, nowMs });
  if (manifests.setOfManifest(db, flow, path) !== null) return { kind: "name-taken" };
  const algorithm = digestOf(settings);
  let members = 0;
  const counted = function* (): Generator<ReceiptRow> {
    for (const row of receiptsBelow(db, { id: flow, name: settings.name }, set.path)) {
      members++;
      yield row;
    }
  };
  const elsewhere = function* (): Generator<RelPath> {
    for (const member of decider.membersElsewhere(set)) {
      members++;
      yield member;
    }
  };
  const { instance, archive, format } = completion.manifest;
  const head = {
    flow: settings.name,
    set: set.path,
    timecode: set.timecode,
    nowMs,
    finalizedUntilS: decider.finalizedUntilS,
    membersElsewhere: elsewhere(),
    instance,
    archive,
    algorithm,
  };
  const parts = new Parts(algorithm ?? "sha256", (part, bytes) => manifests.recordPart(db, set.id, part, bytes));
  for (const text of formatters[format](head, counted())) parts.add(text);
  if (members === 0) return { kind: "empty" };
  const afterTransfer = db.get<{ id: number }>("SELECT max(id) AS id FROM transfer")?.id ?? 0;
  const made = { set: set.id, path, file: join(decider.directory, local), madeAtMs: nowMs, afterTransfer, members, ...parts.end() };
  manifests.recordManifest(db, flow, made);
  return { kind: "decided", members };
}

/** Gathers text into parts of one size, and hashes it on the way. Nothing is recorded before a part is full, or the end. */
class Parts {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: ReturnType<typeof createHash>;
  readonly #record: (part: number, bytes: Buffer) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #sizeBytes = 0;
  #count = 0;

  constructor(algorithm: DigestAlgorithm, record: (part: number, bytes: Buffer) => void) {
    this.#algorithm = algorithm;
    this.#hash = createHash(cryptoNames[algorithm]);
    this.#record = record;
  }

  add(text: string | Buffer): void {
    const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= PART_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
    this.#record(this.#count++, bytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  end(): { sizeBytes: number; digest: { algorithm: DigestAlgorithm; hex: string } } {
    if (this.#waitingBytes > 0) this.#flush();
    return { sizeBytes: this.#sizeBytes, digest: { algorithm: this.#algorithm, hex: this.#hash.digest("hex") } };
  }
}
