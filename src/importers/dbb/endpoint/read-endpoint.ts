import { readDocument } from "../../../config/document.ts";
import type { FaultDraft } from "../../../config/fault.ts";
import { formatPath } from "../../../config/fault.ts";
import { type Located, nodeAt, positionOf } from "../../../config/located.ts";
import { checkShape } from "../../../config/shape.ts";
import type { At, Remarks } from "../../remark.ts";
import { readEngine } from "../engine.ts";
import { type PythonLogging, readLogging } from "../python-logging.ts";
import { SectionReader } from "../section-reader.ts";
import { type Component, components, type DatabaseValue, schemaOf, type SectionValue } from "./schema.ts";

/** A configuration of one component of `endmgr`. `database.path` is absolute; `at`: the line of a key, by its path. */
export type EndpointConfiguration<Of extends Component> = {
  file: string;
  database: { path: string; files: string; events: string | null };
  section: SectionValue<Of>;
  logging: PythonLogging;
  at: (...path: string[]) => At;
};

/** Reads the text of a configuration; null where it has faults, which are remarks then, all of them. */
export function readEndpoint<Of extends Component>(
  component: Of,
  text: string,
  file: string,
  { remarks, workingDirectory }: { remarks: Remarks; workingDirectory: string },
): EndpointConfiguration<Of> | null {
  let faults = 0;
  const report = ({ at, path, message, suggestion, about }: FaultDraft): void => {
    faults++;
    const where = formatPath(about === "key" ? path.slice(0, -1) : path);
    remarks.error({ file, line: at.line }, `${where === "" ? "" : `${where}: `}${message}`, suggestion);
  };
  const document = readDocument(text, report);
  if (document === null) return null;
  const root = withoutNulls(document);
  const checked = checkShape(schemaOf(component), root, [], {
    // The braces and dollars of foreign files are theirs.
    expand: (written) => ({ ok: true, value: { text: written, filled: false } }),
    report,
    origin: () => undefined,
  });
  if (checked === undefined || faults > 0) return null;
  const at = (...path: string[]): At => ({ file, line: positionOf(root, path, "value").line });
  // Nothing was reported, so that all of it is there.
  const { database, [component]: section } = checked as { database: DatabaseValue } & { [Name in Component]: SectionValue<Name> };
  const before = remarks.all.length;
  const reader = (name: string): SectionReader => new SectionReader(file, name, nodeAt(root, [name]) ?? null, remarks, root.at);
  const engine = reader("database");
  engine.node("tablenames");
  const path = readEngine(engine, remarks, workingDirectory)?.value ?? null;
  const tables = tablesOf(database, at, remarks, component);
  const logging = readLogging(reader("logging"), remarks);
  if (path === null || tables === null || remarks.all.slice(before).some(({ kind }) => kind === "error")) return null;
  return { file, database: { path, ...tables }, section: section as SectionValue<Of>, logging, at };
}

/** Which components a file configures; none: it is no configuration of `endmgr`. */
export function componentsIn(text: string): Component[] {
  const root = readDocument(text, () => undefined);
  return (Object.keys(components) as Component[]).filter((name) => root !== null && nodeAt(root, [name]) !== undefined);
}

function tablesOf(
  { tablenames }: DatabaseValue,
  at: (...path: string[]) => At,
  remarks: Remarks,
  component: Component,
): { files: string; events: string | null } | null {
  const nameOf = (key: "file" | "event"): string | null => {
    const table = tablenames[key];
    if (table === undefined) return null;
    if (typeof table === "string") return table;
    if (table.schema !== undefined)
      remarks.note(
        at("database", "tablenames", key, "schema"),
        `database.tablenames.${key}.schema: SQLite has no schemas; the table is ${table.table}`,
      );
    return table.table;
  };
  const [files, events] = [nameOf("file"), nameOf("event")];
  if (files !== null && (events !== null || component === "finder")) return { files, events };
  remarks.error(at("database", "tablenames"), `database.tablenames: the key "event" is missing: the ${component} writes events`);
  return null;
}

/** As YAML's `null` is to Python's `get`: the key might as well not be there. */
function withoutNulls(node: Located): Located {
  if (node.kind === "list") return { ...node, items: node.items.map(withoutNulls) };
  if (node.kind !== "map") return node;
  const entries = [...node.entries]
    .filter(([, entry]) => !(entry.node.kind === "scalar" && entry.node.value === null))
    .map(([key, entry]) => [key, { ...entry, node: withoutNulls(entry.node) }] as const);
  return { ...node, entries: new Map(entries) };
}
