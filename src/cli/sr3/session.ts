import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import { renderFaults } from "../../config/fault.ts";
import { type Configuration, parseConfiguration } from "../../config/parse.ts";
import { type ConfigurationName } from "../../importers/sr3/configuration-file.ts";
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
import { disabledIn } from "./disabled.ts";
import { nativeDocument } from "./native-document.ts";
import { selectConfigurations } from "./selection.ts";
import { type Given, prepare, type Prepared } from "./taking.ts";
import { nameOf, readTranslation, type Translated, type Translation, writeTranslation } from "./translation.ts";

const LOCK_WAIT_MS = 30_000;
const LOCK_LOOK_MS = 50;
const SAVE_WAIT_MS = 2000;
const OPTIONS_STAY_MS = 3_600_000;

/** One command of sr3's that reads configurations, or changes what is made of them. */
export class Session extends Asking {
  #tree: Tree | null = null;
  #isDisabled: ((name: ConfigurationName) => boolean) | null = null;

  /** Read once. Throws `bad-usage` where sr3 has no configuration, and none was taken before either. */
  get tree(): Tree {
    const { root } = this.places;
    if (this.#tree === null && !existsSync(root) && knownPaths(this.places).length === 0)
      throw misused(`there is no configuration of sr3 in ${root}`);
    return (this.#tree ??= readTree(root, this.context));
  }

  /** Those that the words name. */
  get chosen(): ConfigurationName[] {
    return selectConfigurations(this.words.patterns, this.tree.names);
  }

  isDisabled(name: ConfigurationName): boolean {
    return (this.#isDisabled ??= disabledIn(this.places))(name);
  }

  /**
   * Takes configurations as they are now, and lets go of those that are gone or switched off. Written before it is told: all of it, or nothing.
   * `allow` sees what would be, before it is written; not 0: nothing is.
   */
  async take(names: readonly ConfigurationName[], how: { given?: Given; allow?: Allow } = {}): Promise<TakenAll> {
    await this.#awaitSaved();
    // Two commands that change what is taken go one after the other.
    const lock = await this.#lock();
    try {
      const { translation, faulty, told } = this.#prepare(names, how.given);
      for (const line of told) this.complain(line);
      const yaml = this.#yamlOf(translation);
      const configuration = yaml === null ? null : this.#parse(yaml);
      const allowed = configuration === null ? allowing : ((await how.allow?.(configuration, translation)) ?? allowing);
      if (allowed.status !== 0) return { translation, configuration, faulty, status: allowed.status, isNew: false };
      const declared = [...new Set([...translation.declared, ...allowed.declared])];
      const isNew = this.#write({ ...translation, declared }, yaml);
      return { translation, configuration, faulty, status: 0, isNew };
    } finally {
      lock[Symbol.dispose]();
    }
  }

  /** As `take`, and nothing is written of it but a configuration for one command, which the daemon never reads. */
  async takeAside(names: readonly ConfigurationName[]): Promise<Omit<TakenAll, "isNew"> & { file: string }> {
    const { translation, faulty, told } = this.#prepare(names);
    for (const line of told) this.complain(line);
    const yaml = this.#yamlOf(translation);
    const configuration = yaml === null ? null : this.#parse(yaml);
    const file = join(this.places.state, "asked.yaml");
    mkdirSync(this.places.state, { recursive: true, mode: 0o700 });
    if (yaml !== null) writeDurably(file, yaml);
    return { translation, configuration, faulty, status: 0, file };
  }

  /** It is not known any more whether any queue is there. */
  async forgetDeclared(): Promise<void> {
    const lock = await this.#lock();
    try {
      writeTranslation(this.places, { ...readTranslation(this.places), declared: [] });
    } finally {
      lock[Symbol.dispose]();
    }
  }

  /** An editor moves a file away and writes it anew: what is there again in a moment was never gone. */
  async #awaitSaved(): Promise<void> {
    const paths = knownPaths(this.places);
    let waitedMs = 0;
    for (; waitedMs < SAVE_WAIT_MS && paths.some((path) => !existsSync(path)); waitedMs += LOCK_LOOK_MS)
      await sleepFor(LOCK_LOOK_MS, undefined, { signal: this.context.signal });
    if (waitedMs > 0) this.#tree = null;
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

  #prepare(names: readonly ConfigurationName[], given: Given = { tree: this.tree, isOfOptions: false }): Prepared {
    const before = readTranslation(this.places);
    const isEmptied = this.tree.names.length === 0 && Object.values(before.configurations).some(({ isOfOptions }) => !isOfOptions);
    // A directory that is not mounted looks like one from which all was removed.
    if (isEmptied) this.complain(`hotdir: ${this.places.root} has no configuration any more: what was started goes on; 'sr3 stop' ends it`);
    return prepare(before, names, given, (name, translated) => isEmptied || this.#stays(name, translated));
  }

  #yamlOf(translation: Translation): string | null {
    const own = readIfThere(this.places.own);
    return nativeDocument(translation, own === null ? null : { text: own, file: this.places.own });
  }

  /** Whether the daemon has something new to read. */
  #write(translation: Translation, yaml: string | null): boolean {
    if (JSON.stringify(translation) !== JSON.stringify(readTranslation(this.places))) writeTranslation(this.places, translation);
    if (readIfThere(this.places.yaml) === yaml) return false;
    if (yaml === null) rmSync(this.places.yaml, { force: true });
    else writeDurably(this.places.yaml, yaml);
    return true;
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
  #stays(known: string, { isOfOptions, flows, takenAtMs }: Translated): boolean {
    const name = nameOf(known);
    if (name === null) return false;
    if (isOfOptions) return Date.now() - takenAtMs < OPTIONS_STAY_MS || openTransfers(this.places.state, flows) > 0;
    return !this.isDisabled(name) && this.tree.files.read(configurationPath(this.places.root, name)).kind !== "missing";
  }
}

/** The files of what was taken from files. */
function knownPaths(places: Session["places"]): string[] {
  return Object.entries(readTranslation(places).configurations).flatMap(([key, { isOfOptions }]) => {
    const name = isOfOptions ? null : nameOf(key);
    return name === null ? [] : [configurationPath(places.root, name)];
  });
}

/** `status`: not 0 where it was not allowed; then all is as it was. `isNew`: the daemon has something to read. */
export type TakenAll = {
  translation: Translation;
  configuration: Configuration | null;
  faulty: ConfigurationName[];
  status: number;
  isNew: boolean;
};

export type Allow = (configuration: Configuration, translation: Translation) => Promise<Allowed>;
/** `declared`: queues that are there now. */
export type Allowed = { status: number; declared: string[] };
const allowing: Allowed = { status: 0, declared: [] };

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
