import { readFileSync } from "node:fs";
import { makeCatalogTables } from "../../flow/catalog/catalog-tables.ts";
import { componentsIn } from "../../importers/dbb/endpoint/read-endpoint.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import type { CliContext } from "../command.ts";
import { checkTables, databaseOf, openConfiguration, tell } from "./opening.ts";

/** Makes the tables that a configuration names, in the form of the original; those that are there stay as they are. */
export async function initdb(file: string, context: CliContext): Promise<number> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new HotdirError("bad-usage", {
      operation: `endmgr initdb ${file}`,
      detail: `the configuration cannot be read: ${messageOf(error)}`,
    });
  }
  const [component] = componentsIn(text);
  const opened = openConfiguration(component ?? "finder", file, context);
  if (opened === null) return 2;
  const { configuration, remarks } = opened;
  const { database } = configuration;
  const path = databaseOf(configuration);
  try {
    makeCatalogTables(path, database);
  } catch (error) {
    context.stderr.write(`hotdir: endmgr initdb: no tables can be made in ${show(path)}: ${messageOf(error)}\n`);
    return 1;
  }
  // Those that are there stay as they are, and may be others.
  checkTables(configuration, remarks, true);
  if (tell(remarks, context)) return 2;
  context.stdout.write(`${show(path)} has ${[database.files, database.events].filter((name) => name !== null).join(" and ")}.\n`);
  return 0;
}
