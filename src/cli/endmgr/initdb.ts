import { readFileSync } from "node:fs";
import { makeCatalogTables } from "../../flow/catalog/catalog-tables.ts";
import { componentsIn } from "../../importers/dbb/endpoint/read-endpoint.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import type { CliContext } from "../command.ts";
import { databaseOf, openConfiguration } from "./opening.ts";

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
  const { database } = opened.configuration;
  makeCatalogTables(databaseOf(opened.configuration), database);
  context.stdout.write(
    `${show(databaseOf(opened.configuration))} has ${[database.files, database.events].filter((name) => name !== null).join(" and ")}.\n`,
  );
  return 0;
}
