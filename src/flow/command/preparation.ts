import { HotdirError } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import { type BatchId, type LeftStage, leftStages, stageRemoved } from "../ledger/batches.ts";
import { namedFile } from "../ledger/named-files.ts";
import type { CommandContext } from "./command-context.ts";
import { complaint, wordOf } from "./command-files.ts";
import type { Item } from "./item.ts";
import { takenBy } from "./landing.ts";
import { removeLocalName } from "./local-name.ts";
import { sourceFileOf } from "../source-file.ts";

/** Directories of interrupted rounds that go with the next one. */
const LEFT_MAX = 50;
const READS_BYTES_PER_MS = 5000;

/**
 * Makes the directory in which a round lands, and looks at each final name: gives the files that are there already with the right content. One whose name something
 * else has fails here, before a byte is sent. What interrupted rounds left goes first: an ssh that was cut off may still move a file of theirs, and that file
 * is gone then.
 */
export async function prepare(context: CommandContext, stage: BatchId, items: Item[], signal: AbortSignal): Promise<Item[]> {
  const { layout } = context;
  const base = wordOf(layout.inflightRoot);
  const landing = wordOf(layout.landing(stage));
  const left = leftOf(context);
  const steps = [
    left.length === 0 ? ":" : removeStep(context, left),
    `[ -d ${base} ] || { echo No such file or directory; exit 1; }; rm -rf -- ${landing} && mkdir -m 700 -- ${landing}`,
    ...items.map(({ put }) => `here ${wordOf(layout.final(put.change.path))}`),
  ];
  const bytes = items.reduce((sum, { put }) => sum + put.change.version.sizeBytes, 0);
  const [removed, made, ...told] = await context.shell().runTogether(steps, { signal, allowanceMs: bytes / READS_BYTES_PER_MS });
  if (removed!.status === 0) await forget(context, left);
  if (made!.status !== 0) {
    const error = complaint("make", layout.landing(stage), made!.output, made!.status);
    throw error.scope === "file"
      ? new HotdirError("destination-missing", { operation: "make", path: layout.landing(stage), detail: error.detail ?? "" })
      : error;
  }
  const found: Item[] = [];
  for (const [at, item] of items.entries()) {
    const there = told[at]!.output.trim();
    const { wanted, known, sameIsDelivered } = item.comparison!;
    if (there === wanted && sameIsDelivered) found.push(item);
    else if (there !== "none" && !known.includes(there)) item.fail(takenBy(context, item.put, there), "send");
  }
  return found;
}

/** What interrupted rounds left there and here. Returns whether something may still be left. */
export async function tidy(context: CommandContext): Promise<boolean> {
  const left = leftOf(context);
  if (left.length === 0) return false;
  const { status } = await context.shell().run(removeStep(context, left));
  if (status !== 0) return true;
  await forget(context, left);
  return left.length >= LEFT_MAX;
}

/** Also what the rows left that this flow had before. */
function leftOf({ db, flow, former }: CommandContext): LeftStage[] {
  return [flow, ...former].flatMap((one) => leftStages(db, one, LEFT_MAX));
}

function removeStep({ layout }: CommandContext, left: LeftStage[]): string {
  const beside = left.flatMap(({ stage, paths }) => paths.map(({ path, transfer }): Bytes => layout.beside(path, stage, transfer)));
  return `rm -rf -- ${[...left.map(({ stage }) => layout.landing(stage)), ...beside].map(wordOf).join(" ")}`;
}

async function forget(context: CommandContext, left: LeftStage[]): Promise<void> {
  const { db, settings } = context;
  for (const { flow, stage, paths } of left) {
    for (const { transfer, path } of paths) {
      const file = sourceFileOf(settings.source, { change: { kind: "delete", path }, origin: null, file: namedFile(db, transfer) });
      await removeLocalName(file, transfer);
    }
    stageRemoved(db, flow, stage);
  }
}
