import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { importHandoff } from "../../importers/dbb/handoff/import-handoff.ts";
import { formatRemark, type Remark } from "../../importers/remark.ts";
import { errnoOf } from "../../kernel/errors.ts";
import { formatMany } from "../../kernel/readable.ts";
import type { CliContext } from "../command.ts";
import { areOfEndpoint, importDbbEndpoint } from "./dbb-endpoint.ts";
import { checkOutput, misused, writeImported } from "./output.ts";

/** What an importer makes of one file. `yaml` null: there are errors among the remarks. */
type Imported = { yaml: string | null; flows: readonly string[]; remarks: readonly Remark[] };

/** Managers by a key that only their configurations have. */
const managers: Array<{ keys: readonly string[]; importer: (text: string, file: string) => Imported }> = [
  { keys: ["handoff"], importer: (text, file) => importHandoff(text, file, { workingDirectory: process.cwd(), isRun: false }) },
];

/** `import dbb`: the configuration of a buffer manager to YAML; the exit status. */
export function importDbb(what: readonly string[], output: string | null, context: CliContext): number {
  if (what.length > 0 && areOfEndpoint(what)) return importDbbEndpoint(what, output, context);
  const [file, ...more] = what;
  if (file === undefined || more.length > 0)
    throw misused("usage: hotdir import dbb CONFIG... [--output FILE]; several only of a finder and its ingester");
  checkOutput(output);
  const text = read(file);
  const keys = topKeys(text);
  const manager = managers.find((known) => known.keys.some((key) => keys.includes(key))) ?? managers[0]!;
  const { yaml, flows, remarks } = manager.importer(text, file);
  if (yaml === null) {
    const errors = remarks.filter(({ kind }) => kind === "error");
    for (const remark of errors) context.stderr.write(`${formatRemark(remark)}\n`);
    context.stderr.write(`hotdir: nothing was written: ${formatMany(errors.length, "line")} cannot be carried over\n`);
    return 2;
  }
  writeImported({ yaml, flows, remarks }, output, context);
  return 0;
}

/** What is no YAML has none; its importer tells why. */
function topKeys(text: string): string[] {
  try {
    const found: unknown = parseDocument(text, { logLevel: "silent" }).toJS({ maxAliasCount: 100 });
    return typeof found === "object" && found !== null ? Object.keys(found) : [];
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw misused(`${file} cannot be read: ${errnoOf(error) ?? "failed"}`);
  }
}
