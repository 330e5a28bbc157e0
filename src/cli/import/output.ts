import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { renderFaults } from "../../config/fault.ts";
import { parseConfiguration } from "../../config/parse.ts";
import { formatRemark, type Remark } from "../../importers/remark.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { formatMany } from "../../kernel/readable.ts";
import type { CliContext, OptionSpec } from "../command.ts";
import { defaultSsh } from "../locations.ts";

export const outputOption: OptionSpec = {
  type: "string",
  short: "o",
  value: "FILE",
  says: "write into this file, which must not be there yet, and print the notes",
};

/** Before anything is read. null: standard output. */
export function checkOutput(output: string | null): void {
  if (output !== null && existsSync(output)) throw misused(`${output} is there already, and is left as it is`);
}

/** Prints a document, or writes it and prints what is to be known of it. */
export function writeImported(
  { yaml, flows, remarks }: { yaml: string; flows: readonly string[]; remarks: readonly Remark[] },
  output: string | null,
  context: CliContext,
): void {
  check(yaml, output ?? "hotdir.yaml", context);
  if (output === null) {
    context.stdout.write(yaml);
    return;
  }
  mkdirSync(dirname(output), { recursive: true });
  // Another may have made it meanwhile.
  writeFileSync(output, yaml, { flag: "wx" });
  const notes = remarks.map((remark) => `- ${formatRemark(remark)}\n`).join("");
  context.stdout.write(`Wrote ${output}: ${formatMany(flows.length, "flow")} (${flows.join(", ")}).\n${notes}`);
}

/** What is printed is what the loader takes, or it is not printed. */
function check(yaml: string, file: string, context: CliContext): void {
  const parsed = parseConfiguration(yaml, file, { env: {}, homeDirectory: context.homeDirectory, defaultSsh: defaultSsh(context) });
  if (!parsed.ok)
    throw new HotdirError("bad-configuration", {
      operation: "import",
      detail: `what the lines come to is no good flow:\n${renderFaults(parsed.faults)}`,
    });
}

export function misused(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "import", detail });
}
