import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseDocument } from "yaml";
import { importHandoff } from "../importers/dbb/handoff/import-handoff.ts";
import { formatRemark, type Remark } from "../importers/remark.ts";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { formatMany } from "../kernel/readable.ts";
import type { CliContext } from "./command.ts";

/** What an importer makes of one file. `yaml` null: there are errors among the remarks. */
type Imported = { yaml: string | null; remarks: readonly Remark[] };

/** Managers by a key that only their configurations have. */
const managers: Array<{ key: string; importer: (text: string, file: string) => Imported }> = [
  { key: "handoff", importer: (text, file) => importHandoff(text, file, { workingDirectory: process.cwd(), isRun: false }) },
];

/** `hotdir import dbb CONFIG`; the exit status. */
export function importDbb(what: string[], output: string | null, context: CliContext): number {
  const [file, ...more] = what;
  if (file === undefined || more.length > 0) throw usage("usage: hotdir import dbb CONFIG [--output FILE]");
  if (output !== null && existsSync(output)) throw usage(`${output} is there already, and is left as it is`);
  const text = read(file);
  const keys = topKeys(text);
  const manager = managers.find(({ key }) => keys.includes(key)) ?? managers[0]!;
  const { yaml, remarks } = manager.importer(text, file);
  if (yaml === null) {
    const errors = remarks.filter(({ kind }) => kind === "error");
    for (const remark of errors) context.stderr.write(`${formatRemark(remark)}\n`);
    context.stderr.write(`hotdir: nothing was written: ${formatMany(errors.length, "line")} cannot be carried over\n`);
    return 2;
  }
  if (output === null) {
    context.stdout.write(yaml);
    return 0;
  }
  mkdirSync(dirname(output), { recursive: true });
  // Another may have made it meanwhile.
  writeFileSync(output, yaml, { flag: "wx" });
  context.stdout.write(`Wrote ${output}.\n${remarks.map((remark) => `- ${formatRemark(remark)}\n`).join("")}`);
  return 0;
}

/** What is no YAML has none; its importer tells why. */
function topKeys(text: string): string[] {
  const found: unknown = parseDocument(text, { logLevel: "silent" }).toJS({ maxAliasCount: 100 });
  return typeof found === "object" && found !== null ? Object.keys(found) : [];
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`${file} cannot be read: ${errnoOf(error) ?? "failed"}`);
  }
}

function usage(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "import", detail });
}
