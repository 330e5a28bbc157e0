import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { Catalog } from "../../flow/catalog/catalog.ts";
import { whatEventsLack } from "../../flow/catalog/catalog-tables.ts";
import { absoluteOf, isDirectory } from "../../importers/dbb/endpoint/import-endpoint.ts";
import { type EndpointConfiguration, readEndpoint } from "../../importers/dbb/endpoint/read-endpoint.ts";
import type { Component } from "../../importers/dbb/endpoint/schema.ts";
import { formatRemark, inOrder, Remarks } from "../../importers/remark.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import type { CliContext } from "../command.ts";

export type Opened<Of extends Component> = { configuration: EndpointConfiguration<Of>; remarks: Remarks };

/** Reads a configuration. Throws `bad-usage` where there is no such file; null where it has faults: they are told, each on its line. */
export function openConfiguration<Of extends Component>(component: Of, file: string, context: CliContext): Opened<Of> | null {
  const remarks = new Remarks();
  const configuration = readEndpoint(component, textOf(file), basename(file), { remarks, workingDirectory: process.cwd() });
  if (configuration !== null) return { configuration, remarks };
  tell(remarks, context);
  return null;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new HotdirError("bad-usage", { operation: `endmgr ${file}`, detail: `the configuration cannot be read: ${messageOf(error)}` });
  }
}

/** Faults, or where there are none what was noted; whether there are any. */
export function tell(remarks: Remarks, context: CliContext): boolean {
  const faults = remarks.all.filter(({ kind }) => kind === "error");
  for (const remark of inOrder(faults.length > 0 ? faults : remarks.all)) context.stderr.write(`${formatRemark(remark)}\n`);
  return faults.length > 0;
}

export function databaseOf({ database }: EndpointConfiguration<Component>): AbsPath {
  return bytesOfText(database.path) as AbsPath;
}

/** Looks whether the tables are there and are such tables; where not, that is a remark on the line of `database`. */
export function checkTables(configuration: EndpointConfiguration<Component>, remarks: Remarks, events: boolean): void {
  const { database, at } = configuration;
  const make = "'hotdir endmgr initdb CONFIG' makes what is missing";
  const path = databaseOf(configuration);
  if (!existsSync(database.path)) return remarks.error(at("database", "engine"), `database.engine: there is no database ${path}; ${make}`);
  using catalog = new Catalog({ database: path, table: database.files });
  try {
    const lack = catalog.read((sqlite) => (events && database.events !== null ? whatEventsLack(sqlite, database.events) : null));
    if (lack !== null)
      remarks.error(
        at("database", "tablenames"),
        `database.tablenames.event: ${path}: ${lack}${lack.startsWith("it has no table") ? `; ${make}` : ""}`,
      );
  } catch (error) {
    const detail = error instanceof HotdirError ? (error.detail ?? error.message) : messageOf(error);
    // Somebody is at work on it: whoever uses it waits, and says so.
    if (/locked/.test(detail)) return;
    const help = detail.startsWith("it has no table") ? `; ${make}` : "";
    remarks.error(at("database", "tablenames"), `database.tablenames.file: ${path}: ${detail}${help}`);
  }
}

export function checkDirectory(
  configuration: EndpointConfiguration<Component>,
  key: [string, string],
  path: string,
  remarks: Remarks,
): void {
  if (!isDirectory(absoluteOf(path, process.cwd())))
    remarks.error(configuration.at(...key), `${key.join(".")}: there is no directory ${absoluteOf(path, process.cwd())}`);
}
