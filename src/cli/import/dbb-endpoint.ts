import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { importEndpoint, isEndpoint } from "../../importers/dbb/endpoint/import-endpoint.ts";
import { formatRemark, inOrder } from "../../importers/remark.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { CliContext } from "../command.ts";
import { checkOutput, misused, writeImported } from "./output.ts";

/** Whether any of the files is a configuration of the endpoint manager. Throws where one cannot be read. */
export function areOfEndpoint(paths: readonly string[]): boolean {
  return paths.some((path) => isEndpoint(textOf(path)));
}

/** `import dbb` of a finder's configuration, and an ingester's beside it, to YAML; the exit status. */
export function importDbbEndpoint(paths: readonly string[], output: string | null, context: CliContext): number {
  checkOutput(output);
  const files = paths.map((path) => ({ file: basename(path), text: textOf(path) }));
  const { yaml, flows, remarks } = importEndpoint(files, { workingDirectory: process.cwd() });
  if (yaml !== null) {
    writeImported({ yaml, flows, remarks: inOrder(remarks) }, output, context);
    return 0;
  }
  for (const remark of inOrder(remarks).filter(({ kind }) => kind === "error")) context.stderr.write(`${formatRemark(remark)}\n`);
  context.stderr.write("hotdir: nothing was written\n");
  return 2;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw misused(`${path} cannot be read: ${messageOf(error)}`);
  }
}
