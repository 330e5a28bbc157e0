import { basename } from "node:path";
import { finderEntries, importEndpoint, wrongActions } from "../../importers/dbb/endpoint/import-endpoint.ts";
import { readFileSync } from "node:fs";
import type { CliContext } from "../command.ts";
import { runDocument } from "../foreign/run-document.ts";
import { foreignState } from "../foreign/state-place.ts";
import { loggedAs } from "./log.ts";
import { checkDirectory, checkTables, databaseOf, openConfiguration, tell } from "./opening.ts";
import { recordFound } from "./recording-finder.ts";

/** Runs a finder until it is stopped; the exit status. `only`: it is looked at, and not run. */
export async function startFinder(
  file: string,
  only: "validate" | null,
  context: CliContext,
  stateDirectory: string | null,
): Promise<number> {
  const opened = openConfiguration("finder", file, context);
  if (opened === null) return 2;
  const { configuration, remarks } = opened;
  const { section, database } = configuration;
  const moves = section.actions.standard === "Move";
  const logged = loggedAs(configuration, context);
  checkTables(configuration, remarks, false);
  if (!moves) for (const key of ["source", "storage"] as const) checkDirectory(configuration, ["finder", key], section[key], remarks);
  if (!wrongActions(configuration, remarks) && moves) finderEntries(configuration, null, { workingDirectory: process.cwd() }, remarks);
  if (tell(remarks, context)) return 2;
  if (only === "validate") {
    context.stdout.write(`${file} is a good configuration of a finder.\n`);
    return 0;
  }
  if (!moves) return await recordFound(configuration, logged);
  const imported = importEndpoint([{ file: basename(file), text: readFileSync(file, "utf8") }], { workingDirectory: process.cwd() });
  if (imported.yaml === null) return 2;
  const key = [section.source, section.storage, databaseOf(configuration), database.files].join("\0");
  return await runDocument(
    {
      operation: "endmgr finder",
      // Who runs this wants no page, and several may run on one machine.
      yaml: `${imported.yaml}page: off\nlog: {level: ${logged.level}}\n`,
      stateDirectory: stateDirectory ?? foreignState("endmgr", { label: basename(file).replace(/\.ya?ml$/, ""), key }, context),
      untilIdle: false,
      shownLevel: logged.level,
    },
    logged.context,
  );
}
