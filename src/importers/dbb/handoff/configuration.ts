import { statSync } from "node:fs";
import { readDocument } from "../../../config/document.ts";
import { kindOf, type Located, type LocatedMap } from "../../../config/located.ts";
import { nearest } from "../../../config/nearest.ts";
import { quote } from "../../../config/parsed.ts";
import { places, readTemplate } from "../../../flow/command/template.ts";
import { type At, Remarks } from "../../remark.ts";
import { readEngine } from "../engine.ts";
import { type PythonLogging, readLogging } from "../python-logging.ts";
import { readPatterns } from "../python-patterns.ts";
import { type Read, SectionReader } from "../section-reader.ts";

/** A configuration of DBB's handoff manager, as far as it has one that is good. Directories of this machine have their whole path. */
export type HandoffConfiguration = {
  buffer: Read<string>;
  holding: Read<string>;
  endpoint: {
    buffer: Read<string>;
    staging: Read<string> | null;
    transfer: Read<string>;
    remote: Read<string>;
    parameters: Map<string, Read<string>>;
  };
  /** The file of the database; null: none is named. */
  database: Read<string> | null;
  general: {
    chunkSize: Read<number> | null;
    timeoutS: Read<number> | null;
    threads: Read<number> | null;
    expirationS: Read<number> | null;
    pauseS: Read<number> | null;
    exclude: Array<Read<string>>;
  };
  logging: PythonLogging;
};

export type HandoffContext = {
  workingDirectory: string;
  /** Whether what it names is looked at: it is to be run, on this machine. */
  isRun: boolean;
};

/** Reads it whole, with every fault at its line. `configuration` null: there are errors among the remarks. */
export function readHandoff(
  text: string,
  file: string,
  context: HandoffContext,
): { configuration: HandoffConfiguration | null; remarks: Remarks } {
  const remarks = new Remarks();
  const root = readDocument(text, ({ at, message }) => remarks.error({ file, line: at.line }, message));
  if (root === null || root.kind === "refused") return { configuration: null, remarks };
  if (root.kind !== "map") {
    remarks.error({ file, line: root.at.line }, `expected a map of handoff, endpoint and database, found ${kindOf(root)}`);
    return { configuration: null, remarks };
  }
  const configuration = new Handoff(file, root, remarks, context).read();
  return { configuration: remarks.all.some(({ kind }) => kind === "error") ? null : configuration, remarks };
}

const sections = ["handoff", "endpoint", "database", "general", "logging"] as const;

class Handoff {
  readonly #file: string;
  readonly #root: LocatedMap;
  readonly #remarks: Remarks;
  readonly #context: HandoffContext;

  constructor(file: string, root: LocatedMap, remarks: Remarks, context: HandoffContext) {
    this.#file = file;
    this.#root = root;
    this.#remarks = remarks;
    this.#context = context;
  }

  read(): HandoffConfiguration | null {
    for (const [key, { keyAt }] of this.#root.entries)
      if (!sections.some((known) => known === key))
        this.#remarks.note(
          { file: this.#file, line: keyAt.line },
          `the section ${quote(key)} is unknown, and has no effect`,
          nearest(key, sections),
        );
    const directories = this.#readDirectories();
    const endpoint = this.#readEndpoint();
    const databaseSection = this.#section("database", this.#context.isRun);
    if (this.#context.isRun && databaseSection.isThere) databaseSection.required("engine");
    const database = readEngine(databaseSection, this.#remarks, this.#context.workingDirectory);
    const general = this.#readGeneral();
    const logging = readLogging(this.#section("logging", false), this.#remarks);
    return directories === null || endpoint === null ? null : { ...directories, endpoint, database, general, logging };
  }

  #section(name: (typeof sections)[number], required: boolean): SectionReader {
    const node = this.#root.entries.get(name)?.node ?? null;
    if (node === null && required) this.#remarks.error({ file: this.#file, line: 1 }, `the section ${quote(name)} is missing`);
    return new SectionReader(this.#file, name, node, this.#remarks, this.#root.at);
  }

  #readDirectories(): { buffer: Read<string>; holding: Read<string> } | null {
    const section = this.#section("handoff", true);
    if (section.isThere) for (const key of ["buffer", "holding"]) section.required(key);
    const [buffer, holding] = [this.#whole(section.text("buffer")), this.#whole(section.text("holding"))];
    section.noteRest();
    if (buffer === null || holding === null) return null;
    for (const [name, { value, at }] of [["buffer", buffer] as const, ["holding", holding] as const])
      if (this.#context.isRun && !isDirectory(value)) this.#remarks.error(at, `handoff.${name}: ${value} is no directory on this machine`);
    if (isWithin(holding.value, buffer.value))
      this.#remarks.error(
        holding.at,
        `handoff.holding: ${holding.value} is inside of the buffer ${buffer.value}: what is held would be sent again`,
      );
    else if (isWithin(buffer.value, holding.value))
      this.#remarks.error(buffer.at, `handoff.buffer: ${buffer.value} is inside of the holding area ${holding.value}`);
    return { buffer, holding };
  }

  #whole(read: Read<string> | null): Read<string> | null {
    if (read === null) return null;
    const path = read.value.startsWith("/") ? read.value : `${this.#context.workingDirectory}/${read.value}`;
    return { value: path.replaceAll(/\/+(\.\/+)*/g, "/").replace(/(?<=.)\/\.?$/, ""), at: read.at };
  }

  #readEndpoint(): HandoffConfiguration["endpoint"] | null {
    const section = this.#section("endpoint", true);
    if (!section.isThere) return null;
    for (const key of ["user", "host", "buffer", "commands"]) section.required(key);
    const commands = section.section("commands");
    if (commands.isThere) for (const key of ["transfer", "remote"]) commands.required(key);
    const [transfer, remote] = [commands.text("transfer"), commands.text("remote")];
    commands.noteRest();
    const [buffer, staging] = [section.text("buffer"), section.text("staging")];
    const parameters = this.#readParameters(section);
    const values = new Map([...parameters].map(([name, { value }]) => [name, value]));
    for (const [role, read] of [["transfer", transfer] as const, ["remote", remote] as const])
      if (read !== null) this.#checkTemplate(role, read, values);
    for (const [name, read] of [["buffer", buffer] as const, ["staging", staging] as const])
      if (read !== null) this.#checkFar(name, read, name === "staging" || staging === null || staging.value === buffer?.value);
    return buffer === null || transfer === null || remote === null
      ? null
      : { buffer, staging: staging?.value === buffer.value ? null : staging, transfer, remote, parameters };
  }

  /** All that is not the commands, buffer and staging among them. */
  #readParameters(section: SectionReader): Map<string, Read<string>> {
    const parameters = new Map<string, Read<string>>();
    const add = (name: string, node: Located | undefined, at: At): void => {
      if (node?.kind === "scalar" && node.value !== null)
        parameters.set(name, { value: typeof node.value === "string" ? node.value : node.source, at });
    };
    for (const name of ["user", "host", "buffer", "staging"]) {
      const node = section.node(name);
      add(name, node, node === undefined ? section.at : section.lineOf(node));
    }
    for (const { key, keyAt, node } of section.rest()) {
      if (places.some((place) => place === key))
        this.#remarks.error(
          keyAt,
          `endpoint.${key}: the name is reserved, {${key}} stands for something of its own (reserved: ${places.join(", ")})`,
        );
      else if (node.kind !== "scalar") this.#remarks.note(keyAt, `endpoint.${key} is ${kindOf(node)}, and no parameter of the commands`);
      else if (!/^\w+$/.test(key)) this.#remarks.note(keyAt, `endpoint.${key}: no command can use a parameter of this name`);
      else add(key, node, keyAt);
    }
    return parameters;
  }

  #checkTemplate(role: "transfer" | "remote", { value, at }: Read<string>, parameters: Map<string, string>): void {
    const read = readTemplate(role, value, parameters);
    for (const { message, unknown } of read.ok ? [] : read.faults) {
      const meant = unknown === undefined ? null : nearest(unknown.name, unknown.known);
      this.#remarks.error(at, `endpoint.commands.${role}: ${message}`, meant === null ? null : `{${meant}}`);
    }
  }

  #checkFar(name: string, { value, at }: Read<string>, lands: boolean): void {
    if (!value.startsWith("/"))
      this.#remarks.error(
        at,
        `endpoint.${name}: ${quote(value)} is no whole path: at the endpoint it begins with /`,
        `/${value.replace(/^~?\/?/, "")}`,
      );
    else if (lands && !/^[A-Za-z0-9/_.,+@%=:-]+$/.test(value))
      this.#remarks.error(
        at,
        `endpoint.${name}: files land below ${quote(value)}, and tools read its characters differently: use letters, digits and /_.,+@%=:-`,
      );
  }

  #readGeneral(): HandoffConfiguration["general"] {
    const section = this.#section("general", false);
    const general = {
      chunkSize: section.whole("chunk_size", 1),
      timeoutS: section.whole("timeout", 1),
      threads: section.whole("num_threads", 1),
      expirationS: section.whole("expiration_time", 1),
      pauseS: section.whole("pause", 1),
      exclude: readPatterns("general.exclude_list", section.texts("exclude_list"), this.#remarks),
    };
    section.noteRest();
    return general;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** By the text of the paths. */
function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
