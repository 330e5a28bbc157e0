import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { renderFaults } from "../../config/fault.ts";
import { parseConfiguration } from "../../config/parse.ts";
import { importEndpoint, isEndpoint } from "../../importers/dbb/endpoint/import-endpoint.ts";
import { formatRemark, inOrder } from "../../importers/remark.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { formatMany } from "../../kernel/readable.ts";
import type { CliContext } from "../command.ts";
import { defaultSsh } from "../locations.ts";

/** Whether any of the files is a configuration of the endpoint manager. */
export function areOfEndpoint(paths: readonly string[]): boolean {
  return paths.some((path) => isEndpoint(textOf(path)));
}

/** Prints (or writes) the flow that a finder's configuration is, with that of an ingester where it is named as well; the exit status. */
export async function importEndpointFiles(paths: readonly string[], output: string | null, context: CliContext): Promise<number> {
  if (output !== null && existsSync(output)) throw usage(`${output} is there already, and is left as it is`);
  const files = paths.map((path) => ({ file: basename(path), text: textOf(path) }));
  const { yaml, flows, remarks } = importEndpoint(files, { workingDirectory: process.cwd() });
  if (yaml === null) {
    for (const remark of inOrder(remarks).filter(({ kind }) => kind === "error")) context.stderr.write(`${formatRemark(remark)}\n`);
    context.stderr.write("hotdir: nothing was written\n");
    return 2;
  }
  // What is printed is what the loader takes, or it is not printed.
  const options = { env: {}, homeDirectory: context.homeDirectory, defaultSsh: defaultSsh(context) };
  const parsed = parseConfiguration(yaml, output ?? "hotdir.yaml", options);
  if (!parsed.ok)
    throw new HotdirError("bad-configuration", {
      operation: "import",
      detail: `what the configuration comes to is no good flow:\n${renderFaults(parsed.faults)}`,
    });
  if (output === null) context.stdout.write(yaml);
  else {
    mkdirSync(dirname(output), { recursive: true });
    // Another may have made it meanwhile.
    writeFileSync(output, yaml, { flag: "wx" });
    const notes = inOrder(remarks).map((remark) => `- ${formatRemark(remark)}\n`);
    context.stdout.write(`Wrote ${output}: ${formatMany(flows.length, "flow")} (${flows.join(", ")}).\n${notes.join("")}`);
  }
  return 0;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usage(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function usage(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "import dbb", detail });
}
