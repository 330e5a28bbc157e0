import type { DigestAlgorithm } from "../flow/digest.ts";
import { digestOf } from "../flow/guarantee.ts";
import type { Database } from "../flow/ledger/database.ts";
import { type ReceiptRow, receipts as receiptsOf } from "../flow/ledger/receipts.ts";
import { sumLine } from "../flow/sum-line.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import { formatMany } from "../kernel/readable.ts";
import type { CliContext, Command } from "./command.ts";
import { knownFlows, openEngine } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";
import { Output } from "./output.ts";
import { receiptJson, receiptText } from "./render/receipt-lines.ts";

const formats = ["text", "json", "sums"] as const;
type Format = (typeof formats)[number];

export const receipts: Command = {
  name: "receipts",
  summary: "proofs of what was delivered",
  usage: "hotdir receipts [FLOW...] [--format text|json|sums]",
  description: [
    "Prints the newest receipt of each path that is at the destination: what it rests on, when, and by which transfer. `sums` are the lines that",
    "`sha256sum -c` (or md5sum, sha512sum, b2sum) reads when it runs in the destination's root: a proof that does not depend on hotdir.",
  ].join("\n"),
  options: {
    format: { type: "string", value: "FORMAT", says: "text (default), json: one array, or sums: what sha256sum -c reads" },
    json: { type: "boolean", says: "the same as --format json" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir receipts to_hpfx", does: "a line for each file" },
    {
      command: "hotdir receipts to_hpfx --format sums | ssh hpfx 'cd on_hpfx && sha256sum -c --quiet'",
      does: "lets the cluster check every file once more",
    },
  ],
  exits: [],
  async run(args, context) {
    const format = formatOf(args.values["json"] === true ? "json" : args.values["format"]);
    const settings = chosenFlows(readConfiguration(args, context), args.positionals);
    if (format === "sums" && settings.length > 1)
      throw new HotdirError("bad-usage", {
        operation: "receipts",
        detail: `name one flow: each has its own root (${settings.map((flow) => flow.name).join(", ")})`,
      });
    using engine = await openEngine(stateDirectory(args, context));
    const output = new Output(context.stdout);
    await print(format, rowsOf(engine.db, settings), settings, output, context);
    await output.flush();
    return 0;
  },
};

function formatOf(value: unknown): Format {
  const format = formats.find((known) => known === (value ?? "text"));
  if (format === undefined)
    throw new HotdirError("bad-usage", {
      operation: "receipts",
      detail: `there is no format ${JSON.stringify(value)}; known are ${formats.join(", ")}`,
    });
  return format;
}

function* rowsOf(db: Database | null, settings: FlowSettings[]): Generator<ReceiptRow> {
  for (const flow of knownFlows(db, settings)) if (db !== null) yield* receiptsOf(db, flow);
}

async function print(
  format: Format,
  rows: Iterable<ReceiptRow>,
  settings: FlowSettings[],
  output: Output,
  context: CliContext,
): Promise<void> {
  if (format === "sums") return await printSums(rows, settings[0]!, output, context);
  if (format === "text") {
    for (const row of rows) await output.write(receiptText(row));
    return;
  }
  let first = true;
  for (const row of rows) {
    await output.write(`${first ? "[" : ","}\n${JSON.stringify(receiptJson(row))}`);
    first = false;
  }
  await output.write(first ? "[]\n" : "\n]\n");
}

/** A file of sums has one algorithm: the flow's, or that of the first receipt where the flow makes none now. */
async function printSums(rows: Iterable<ReceiptRow>, settings: FlowSettings, output: Output, context: CliContext): Promise<void> {
  let algorithm: DigestAlgorithm | null = digestOf(settings);
  let others = 0;
  let unproven = 0;
  for (const row of rows) {
    if (row.kind === "mkdir" || row.kind === "link" || row.basis === "structure") continue;
    if (row.digest === null) unproven++;
    else if (row.digest.algorithm === (algorithm ??= row.digest.algorithm))
      await output.write(sumLine({ digest: row.digest, path: row.path }));
    else others++;
  }
  if (others > 0) context.stderr.write(`hotdir: left out ${formatMany(others, "receipt")} by another algorithm than ${algorithm}\n`);
  if (unproven > 0)
    context.stderr.write(`hotdir: left out ${formatMany(unproven, "receipt")} without a digest (verify was size or none)\n`);
}
