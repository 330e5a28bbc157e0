import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type AbsPath, bytesOfText } from "../../../kernel/path.ts";
import { type NativeEntry, writeDocument } from "../../native-document.ts";
import { type At, formatRemark, inOrder, type Remark, Remarks } from "../../remark.ts";
import { listOf, readExpressions } from "./expressions.ts";
import { commandOf } from "./plugin.ts";
import { componentsIn, type EndpointConfiguration, readEndpoint } from "./read-endpoint.ts";

/** A configuration's file as it is shown, and its text. */
export type EndpointFile = { file: string; text: string };
export type ImportedEndpoint = { yaml: string | null; flows: string[]; remarks: Remark[] };
export type EndpointContext = { workingDirectory: string };

const FLOW = "finder";
/** Events tell what comes; the tree is looked over so often at most, for what they did not tell. */
const RESCAN_MIN_S = 60;

export function isEndpoint(text: string): boolean {
  return componentsIn(text).length > 0;
}

/** The finder as a flow that delivers into the storage and enters each file; with the ingester's configuration the same flow ingests as well. */
export function importEndpoint(files: readonly EndpointFile[], context: EndpointContext): ImportedEndpoint {
  const remarks = new Remarks();
  const within = files.map((one) => ({ ...one, components: componentsIn(one.text) }));
  const of = (name: "finder" | "ingester"): EndpointFile | undefined => within.find(({ components }) => components.includes(name));
  const [finderFile, ingesterFile] = [of("finder"), of("ingester")];
  for (const { file, components } of within)
    if (components.includes("backfill") && components.length === 1)
      remarks.note({ file, line: 1 }, "backfill is done once, and is no flow: 'hotdir endmgr backfill start' does it");
  if (finderFile === undefined) {
    remarks.error(null, "without a finder's configuration there is nothing to make a flow of: name that of the finder as well");
    return { yaml: null, flows: [], remarks: remarks.all };
  }
  const finder = readEndpoint("finder", finderFile.text, finderFile.file, { remarks, ...context });
  const ingester =
    ingesterFile === undefined ? null : readEndpoint("ingester", ingesterFile.text, ingesterFile.file, { remarks, ...context });
  const entries = finder === null ? null : finderEntries(finder, ingester, context, remarks);
  if (entries === null || remarks.all.some(({ kind }) => kind === "error")) return { yaml: null, flows: [], remarks: remarks.all };
  if (ingester !== null) ingesterNotes(ingester, remarks);
  const tail = inOrder(remarks.all).map((remark) => `- ${formatRemark(remark)}`);
  const head = [`What ${[finderFile, ingesterFile].flatMap((one) => one?.file ?? []).join(" and ")} does, as a flow.`];
  const flow = { name: FLOW, about: "the DBB endpoint manager's finder", entries, members: new Map<string, readonly At[]>() };
  return {
    yaml: writeDocument([flow], head, tail.length === 0 ? [] : ["What was assumed, and what was not carried over:", ...tail]),
    flows: [FLOW],
    remarks: remarks.all,
  };
}

/** null: it moves nothing, or is wrong; the remarks say so. */
export function finderEntries(
  finder: EndpointConfiguration<"finder">,
  ingester: EndpointConfiguration<"ingester"> | null,
  { workingDirectory }: EndpointContext,
  remarks: Remarks,
): NativeEntry[] | null {
  const { section, at, database } = finder;
  const { actions, search, pause = 1 } = section;
  const isWrong = wrongActions(finder, remarks);
  if (isWrong) return null;
  if (actions.standard !== "Move") {
    remarks.error(
      at("finder", "actions"),
      "finder.actions.standard: Noop moves nothing, and so is no flow: 'hotdir endmgr finder start' enters what is there",
    );
    return null;
  }
  const { key, patterns } = listOf(search, "exclude_list", "excludelist", "blacklist");
  const reject = readExpressions(patterns, `finder.search.${key}`, at("finder", "search", key), remarks);
  const source = resolve(workingDirectory, section.source);
  const storage = resolve(workingDirectory, section.storage);
  for (const [name, path] of [
    ["source", source],
    ["storage", storage],
  ] as const)
    if (!isDirectory(path)) remarks.error(at("finder", name), `finder.${name}: there is no directory ${path}`);
  if (pause !== 0 && section.pause !== undefined)
    remarks.note(
      at("finder", "pause"),
      `finder.pause: files are seen as soon as they are closed; beside that the tree is looked over every ${Math.max(RESCAN_MIN_S, pause)} s`,
    );
  remarks.assumed(null, "a file is complete once nobody has it open for writing; endmgr takes it as it finds it");
  return [
    {
      key: "source",
      value: [
        { key: "directory", value: source, from: [at("finder", "source")] },
        ...(reject.length === 0 ? [] : [{ key: "reject", value: reject, from: [at("finder", "search", key)] }]),
        { key: "rescan", value: `${Math.max(RESCAN_MIN_S, pause)}s` },
        { key: "propagate", value: ["put"] },
      ],
    },
    {
      key: "destination",
      value: [
        { key: "url", value: `file:${encoded(storage)}`, from: [at("finder", "storage")] },
        { key: "verify", value: "blake2b" },
      ],
    },
    { key: "retain", value: [{ key: "delete_after", value: "0s" }], from: [at("finder", "actions", "standard")] },
    {
      key: "finish",
      value: [
        {
          key: "catalog",
          value: [
            { key: "database", value: database.path, from: [at("database", "engine")] },
            { key: "table", value: database.files, from: [at("database", "tablenames", "file")] },
            {
              key: "duplicates",
              value: actions.alternative === "Delete" ? "delete" : "keep",
              from: [at("finder", "actions", ...(actions.alternative === undefined ? [] : ["alternative"]))],
            },
          ],
        },
        ...ingestEntry(ingester, remarks),
      ],
    },
  ];
}

/** What no finder can do without losing files, or cannot do at all. */
export function wrongActions({ section, at }: EndpointConfiguration<"finder">, remarks: Remarks): boolean {
  const { actions, search } = section;
  const before = remarks.all.length;
  const line = (name: string): At => at("finder", "actions", name);
  if (actions.standard === "Delete")
    remarks.error(line("standard"), "finder.actions.standard: Delete would remove every new file; expected Move or Noop");
  if (actions.alternative === "Move")
    remarks.error(
      line("alternative"),
      "finder.actions.alternative: what is in the storage already is not moved there; expected Delete or Noop",
    );
  if (search.method === "parse_rsync_logs" && actions.standard === "Move")
    remarks.error(
      line("standard"),
      "finder.actions.standard: what rsync's logs name is in the storage already, and cannot be moved there; expected Noop",
    );
  return remarks.all.length > before;
}

function ingestEntry(ingester: EndpointConfiguration<"ingester"> | null, remarks: Remarks): NativeEntry[] {
  const plugin = ingester === null ? null : commandOf(ingester, remarks);
  if (ingester === null || plugin === null || plugin.kind === "nothing") return [];
  const { section, at } = ingester;
  return [
    {
      key: "ingest",
      value: [
        { key: "command", value: plugin.command, from: [at("ingester", "plugin")] },
        { key: "batch", value: section.batch_size ?? 10, from: section.batch_size === undefined ? [] : [at("ingester", "batch_size")] },
        { key: "workers", value: section.num_threads ?? 1, from: section.num_threads === undefined ? [] : [at("ingester", "num_threads")] },
      ],
    },
  ];
}

function ingesterNotes({ section, at, database }: EndpointConfiguration<"ingester">, remarks: Remarks): void {
  remarks.note(
    at("database", "tablenames", "event"),
    `database.tablenames.event: the flow keeps what became of each file in its own ledger ('hotdir explain'), and writes no rows into ${database.events ?? "it"}; 'hotdir endmgr ingester start' does`,
  );
  for (const key of ["include_list", "exclude_list", "file_status", "daemon", "pause"] as const)
    if (section[key] !== undefined)
      remarks.note(at("ingester", key), `ingester.${key}: not carried over: each delivered file is ingested, once`);
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** As a URL has it, a byte at a time. */
function encoded(path: string): string {
  return bytesOfText(path).replaceAll(
    /[^A-Za-z0-9/._~+=,@:-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`,
  );
}

export function absoluteOf(path: string, workingDirectory: string): AbsPath {
  return bytesOfText(resolve(workingDirectory, path)) as AbsPath;
}
