import { HotdirError } from "../../kernel/errors.ts";
import { join, parentOf } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import { type BatchId, knownDigests, knownSizes, madeLink } from "../ledger/batches.ts";
import { wasDelivered } from "../ledger/receipts.ts";
import type { Proof } from "../receipt.ts";
import { algorithmOf, type ClaimedPut, wantsDurable } from "../send/context.ts";
import { complaint, wordOf } from "./command-files.ts";
import type { CommandContext } from "./command-context.ts";
import type { Told } from "./far-shell.ts";
import type { Item } from "./item.ts";

/** So fast the far side reads at least: a longer time is no standstill. */
const READS_BYTES_PER_MS = 5000;

/**
 * What a file's content is compared by at the far end: its digest, or its size where there is no tool for that. `known`: what this flow may have put under the
 * name. `sameIsDelivered`: whether the same there already is a delivery; a size alone proves that only of what was delivered.
 */
export type Comparison = { wanted: string; known: string[]; sameIsDelivered: boolean };

export function comparisonOf(context: CommandContext, put: ClaimedPut, digest: Digest | null): Comparison {
  const { db, flow, former } = context;
  const { path, version } = put.change;
  const flows = [flow, ...former];
  const links = flows.some((one) => madeLink(db, one, path)) ? ["link"] : [];
  if (digest !== null && context.shell().tools.digest !== null)
    return {
      wanted: digest.hex,
      known: [...flows.flatMap((one) => knownDigests(db, one, path, digest.algorithm)), ...links],
      sameIsDelivered: true,
    };
  return {
    wanted: String(version.sizeBytes),
    known: [...flows.flatMap((one) => knownSizes(db, one, path)).map(String), ...links],
    sameIsDelivered: flows.some((one) => wasDelivered(db, one, path, version)),
  };
}

/** What a receipt rests on when the far side's answer was what is wanted. */
export function proofOf(context: CommandContext, digest: Digest | null): Proof {
  if (context.settings.destination.verify === "none") return { basis: "none" };
  return digest !== null && context.shell().tools.digest !== null ? { basis: "digest", digest } : { basis: "size" };
}

/** How an answer about one file is read: it is there, or why not. */
export type Landed = { kind: "moved" } | { kind: "found" } | { kind: "refused"; error: HotdirError };

/**
 * Proves what landed and gives it its final name, all files in one run: nothing gets its name unproved, and nothing goes over what this flow did not put there.
 * What was made durable is told, and whether the landing directory is gone with all that was left in it.
 */
export async function land(
  context: CommandContext,
  stage: BatchId,
  items: Item[],
  found: Item[],
  signal: AbortSignal,
): Promise<{ landed: Landed[]; durable: boolean; isTidy: boolean }> {
  const { layout } = context;
  const root = wordOf(layout.root);
  const directory = layout.landing(stage);
  const first = items[0] ?? found[0];
  const parent = first === undefined ? "" : parentOf(first.put.change.path);
  const target = parent === "" ? layout.root : join(layout.root, parent);
  const steps = [
    // The root itself is never made here: where it is gone, a file system may be.
    `[ -d ${root} ] && mkdir -p -- ${wordOf(target)}`,
    ...items.map((item) => landStep(context, stage, item)),
    wantsDurable(context.settings) ? syncStep(context, wordOf(target)) : ":",
    `rm -rf -- ${wordOf(directory)}`,
  ];
  const bytes = items.reduce((sum, { put }) => sum + put.change.version.sizeBytes, 0);
  const told = await context.shell().runTogether(steps, { signal, allowanceMs: (2 * bytes) / READS_BYTES_PER_MS });
  const [made, synced] = [told[0]!, told.at(-2)!];
  if (made.status !== 0) throw missingTarget(context, made);
  const durable = wantsDurable(context.settings);
  if (durable && synced.status !== 0) throw complaint("make durable", target, synced.output, synced.status);
  return { landed: items.map((item, at) => readLanding(context, item, told[at + 1]!)), durable, isTidy: told.at(-1)!.status === 0 };
}

function landStep(context: CommandContext, stage: BatchId, { put, lands, comparison }: Item): string {
  const { layout } = context;
  const words = [join(layout.landing(stage), lands!), layout.final(put.change.path), layout.beside(put.change.path, stage, put.id)].map(
    wordOf,
  );
  const { wanted, known, sameIsDelivered } = comparison!;
  return `land ${words.join(" ")} ${wanted} ${sameIsDelivered ? 1 : 0} ${known.join(" ")}`;
}

function syncStep(context: CommandContext, target: string): string {
  return context.shell().tools.sync === "sync" ? "sync" : `sync -f -- ${target}`;
}

function missingTarget({ layout }: CommandContext, { output, status }: Told): HotdirError {
  const error = complaint("make directories in", layout.root, output, status);
  if (output.trim() !== "") return error;
  return new HotdirError("destination-missing", {
    operation: "look for",
    path: layout.root,
    detail: "it was there before; is its file system mounted?",
  });
}

function readLanding(context: CommandContext, item: Item, { output, status }: Told): Landed {
  const path = context.layout.final(item.put.change.path);
  const words = output.trim();
  const [word = "", ...rest] = words.split(" ");
  const detail = rest.join(" ");
  const refused = (error: HotdirError): Landed => ({ kind: "refused", error });
  if (status !== 0) return refused(complaint("move to", path, output, status));
  switch (word) {
    case "moved":
    case "found":
      return { kind: word };
    case "missing":
      return refused(new HotdirError("digest-unavailable", { operation: "verify", path, detail: "the transfer command did not bring it" }));
    case "unread":
      return refused(new HotdirError("digest-unavailable", { operation: "verify", path, detail: "it landed, and cannot be read there" }));
    case "differs": {
      const by = algorithmOf(context) ?? "size";
      return refused(
        new HotdirError("digest-mismatch", {
          operation: "verify",
          path,
          detail: `${by} ${detail.slice(0, 16)} there, ${item.comparison!.wanted.slice(0, 16)} here`,
        }),
      );
    }
    case "taken":
      return refused(takenBy(context, item.put, detail));
    case "failed":
      return refused(complaint("move to", path, detail, 1));
    default:
      return refused(complaint("move to", path, output, status));
  }
}

/** `exists`: something has the final name that this flow never put there. It stays as it is. */
export function takenBy(context: CommandContext, { change }: ClaimedPut, what: string): HotdirError {
  const kinds: Record<string, string> = {
    link: "a symbolic link",
    other: "a directory, or what is no file",
    unread: "a file that cannot be read",
  };
  const found = kinds[what] ?? `a file with other content (${algorithmOf(context) ?? "size"} ${what.slice(0, 16)})`;
  const detail = `${found} that this flow did not put there; move it away, or rename the source`;
  return new HotdirError("exists", { operation: "move to", path: context.layout.final(change.path), detail });
}
