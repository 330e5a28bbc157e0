import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import { renderFaults } from "../../config/fault.ts";
import { type Configuration, parseConfiguration } from "../../config/parse.ts";
import { formatRemark } from "../../importers/remark.ts";
import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import type { Tree } from "../../importers/sr3/import-tree.ts";
import { configurationPath } from "../../importers/sr3/place-in-tree.ts";
import { readTree } from "../../importers/sr3/tree-on-disk.ts";
import { openForReading } from "../../flow/ledger/database.ts";
import { flowId, tallyOf } from "../../flow/ledger/flows.ts";
import { readIfThere, writeDurably } from "../../kernel/durable-file.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { takeLock } from "../../kernel/lock-file.ts";
import { defaultSsh } from "../locations.ts";
import { misused } from "./arguments.ts";
import { Asking } from "./asking.ts";
import { isDisabled } from "./disabled.ts";
import { nativeDocument } from "./native-document.ts";
import { selectConfigurations } from "./selection.ts";
import { takeConfiguration } from "./translate.ts";
import { nameOf, readTranslation, type Translated, type Translation, writeTranslation } from "./translation.ts";

const LOCK_WAIT_MS = 10_000;
const LOCK_LOOK_MS = 50;
const OPTIONS_STAY_MS = 3_600_000;

/** One command of sr3's that reads configurations, or changes what is made of them. */
export class Session extends Asking {
  #tree: Tree | null = null;

  /** Read once. Throws `bad-usage` where sr3 has no configuration. */
  get tree(): Tree {
    const { root } = this.places;
    if (this.#tree === null && !existsSync(root)) throw misused(`there is no configuration of sr3 in ${root}`);
    return (this.#tree ??= readTree(root, this.context));
  }

  /** Those that the words name. */
  get chosen(): ConfigurationName[] {
    return selectConfigurations(this.words.patterns, this.tree.names);
  }

  isDisabled(name: ConfigurationName): boolean {
    return isDisabled(this.places, name);
  }

  /**
   * Takes configurations as they are now, and lets go of those that are gone or switched off. One that is faulty is told, and
   * keeps what it came to before, where there is something. Written before it is told: all of it, or nothing. `given`: one of
   * them is a command line's.
   */
  async take(
    names: readonly ConfigurationName[],
    given: { tree: Tree; text: string | null } = { tree: this.tree, text: null },
  ): Promise<TakenAll> {
    // Two commands that change what is taken go one after the other.
    const lock = await this.#lock();
    try {
      return this.#take(names, given);
    } finally {
      lock[Symbol.dispose]();
    }
  }

  async #lock(): Promise<Disposable> {
    mkdirSync(this.places.state, { recursive: true, mode: 0o700 });
    for (let waitedMs = 0; waitedMs < LOCK_WAIT_MS; waitedMs += LOCK_LOOK_MS) {
      const lock = takeLock(join(this.places.state, "translation.lock"));
      if (lock !== null) return lock;
      await sleepFor(LOCK_LOOK_MS, undefined, { signal: this.context.signal });
    }
    throw new HotdirError("not-in-time", { operation: "sr3", detail: "another 'hotdir sr3' is at work here" });
  }

  /** null: it is not known any more whether any queue is there. */
  async noteDeclared(keys: readonly string[] | null): Promise<void> {
    const lock = await this.#lock();
    try {
      const before = readTranslation(this.places);
      writeTranslation(this.places, { ...before, declared: keys === null ? [] : [...new Set([...before.declared, ...keys])] });
    } finally {
      lock[Symbol.dispose]();
    }
  }

  #take(names: readonly ConfigurationName[], given: { tree: Tree; text: string | null }): TakenAll {
    const before = readTranslation(this.places);
    const configurations = Object.fromEntries(
      Object.entries(before.configurations).filter(([known, translated]) => this.#stays(known, translated)),
    );
    const [faulty, left] = [{ ...before.faulty }, { ...before.left }];
    const failed: ConfigurationName[] = [];
    const told: string[] = [];
    for (const name of names) {
      const key = formatName(name);
      delete faulty[key];
      delete left[key];
      const result = takeConfiguration(given.tree, name, given.text);
      if (result.kind === "flows") {
        if (configurations[key]?.yaml !== result.translated.yaml)
          told.push(...result.translated.remarks.filter(({ kind }) => kind === "assumed").map(formatRemark));
        configurations[key] = result.translated;
      } else if (result.kind === "left") {
        told.push(`hotdir: ${key} is left out: ${result.why}`);
        left[key] = result.sources;
        delete configurations[key];
      } else {
        failed.push(name);
        if (given.text === null) faulty[key] = result.sources;
        const kept = configurations[key] === undefined ? "it is not started" : "what runs of it goes on as it was";
        told.push(...result.errors.map(formatRemark), `hotdir: ${key} cannot be carried over; ${kept}`);
      }
    }
    const translation: Translation = { ...before, configurations, faulty, left };
    this.#write(translation);
    for (const line of told) this.complain(line);
    return { translation, taken: names.filter((name) => !failed.includes(name)), faulty: failed };
  }

  /** What is taken, and the daemon's YAML that is made of it. Throws where the YAML would be faulty; then nothing is written. */
  #write(translation: Translation): void {
    const own = readIfThere(this.places.own);
    const yaml = nativeDocument(translation, own === null ? null : { text: own, file: this.places.own });
    if (yaml !== null) this.#parse(yaml);
    writeTranslation(this.places, translation);
    if (yaml === null) rmSync(this.places.yaml, { force: true });
    else if (readIfThere(this.places.yaml) !== yaml) writeDurably(this.places.yaml, yaml);
  }

  /** What runs, or would. null: nothing was taken yet. */
  configuration(): Configuration | null {
    const yaml = readIfThere(this.places.yaml);
    return yaml === null ? null : this.#parse(yaml);
  }

  #parse(yaml: string): Configuration {
    const { env, homeDirectory } = this.context;
    const parsed = parseConfiguration(yaml, this.places.yaml, { env, homeDirectory, defaultSsh: defaultSsh(this.context) });
    if (parsed.ok) return parsed.configuration;
    throw new HotdirError("bad-configuration", {
      operation: "sr3",
      detail: `what the lines come to is no good flow:\n${renderFaults(parsed.faults)}`,
    });
  }

  /** One of options stays while something of it is open, and for a while, since it is taken before it is used; others while their file does, and while they are on. */
  #stays(known: string, { options, flows, takenAtMs }: Translated): boolean {
    const name = nameOf(known);
    if (name === null) return false;
    if (options !== null) return Date.now() - takenAtMs < OPTIONS_STAY_MS || openTransfers(this.places.state, flows) > 0;
    return !this.isDisabled(name) && this.tree.files.read(configurationPath(this.places.root, name)).kind !== "missing";
  }
}

export type TakenAll = { translation: Translation; taken: ConfigurationName[]; faulty: ConfigurationName[] };

/** What flows still owe, by the ledger. */
export function openTransfers(stateDirectory: string, flows: Iterable<string>): number {
  using db = openForReading(stateDirectory);
  let sum = 0;
  for (const flow of db === null ? [] : flows) {
    const id = flowId(db!, flow);
    if (id === null) continue;
    const { settling, queued, sending } = tallyOf(db!, id);
    sum += settling + queued + sending;
  }
  return sum;
}
