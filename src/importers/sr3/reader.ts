import { nearest } from "../../config/nearest.ts";
import { quote } from "../../config/parsed.ts";
import { redact } from "../../kernel/redact.ts";
import { type At, type Remark, Remarks } from "../remark.ts";
import { parseBrokerUrl } from "./broker-url.ts";
import { type ConfigurationName, type Files, type Machine } from "./configuration-file.ts";
import { parseExpression } from "../expression/parse.ts";
import { type Line, linesOf, surprisesOf } from "./line.ts";
import { canonicalName, knownOldNames } from "./old-names.ts";
import type { Option } from "./option.ts";
import { options } from "./options.ts";
import { configurationPath, includeCandidates, shownPath } from "./place-in-tree.ts";
import { componentDefaults, Effective } from "./settings.ts";
import { parseValue, type Value } from "./values.ts";
import { digitsOf, type Scope, substitute } from "./variables.ts";

/** A configuration as sr3 would have it: every line in order with its value, what is in effect, and what is to be said about its lines. */
export type Configuration = ConfigurationName & {
  file: string;
  effective: Effective;
  bindings: Binding[];
  remarks: Remark[];
  /** sr3's name for its queue, where no other was used before; `${...}` in it is nothing that anybody knows. */
  queueName: string;
  /** Stand in it where sr3 makes some up. */
  digits: string;
};
/** What a queue is bound to: a `subtopic` takes the exchange that stands above it. */
export type Binding = { exchange: string | null; subtopic: string; at: At | null };

const INCLUDE_DEPTH_MAX = 16;
/** These are read where they stand, so that a later one does not replace an earlier one. */
const positional: ReadonlySet<string> = new Set(["directory", "mirror", "strip", "flatten", "filename", "exchange", "topicPrefix"]);
const localPaths: ReadonlySet<string> = new Set(["path", "directory", "baseDir", "post_baseDir"]);
const filenameOptions = /^(?:None|DESTFN|DESTFNSCRIPT|HEADFN|NONE|NONESENDER|SATNET|SENDER|WHATFN)(?:[:=]|$)/;

/** Reads admin.conf, default.conf, the component's own defaults, and the configuration's file, in sr3's order. Never throws. */
export function readConfiguration(name: ConfigurationName, tree: { root: string; files: Files; machine: Machine }): Configuration {
  const reader = new Reader(name, tree);
  reader.readFile(`${tree.root}/admin.conf`, null);
  reader.readFile(`${tree.root}/default.conf`, null);
  reader.takeComponentDefaults();
  const file = configurationPath(tree.root, name);
  reader.readFile(file, { file: shownPath(file, tree.root), line: 1 });
  return {
    ...name,
    file: shownPath(file, tree.root),
    effective: reader.effective,
    bindings: reader.bindings,
    remarks: reader.remarks.all,
    queueName: reader.queueName(),
    digits: digitsOf(name, tree.machine),
  };
}

class Reader {
  readonly effective = new Effective();
  readonly bindings: Binding[] = [];
  readonly remarks = new Remarks();
  readonly #name: ConfigurationName;
  readonly #tree: { root: string; files: Files; machine: Machine };
  readonly #declared = new Map<string, string>();
  readonly #pluginOptions = new Set<string>();
  #depth = 0;

  constructor(name: ConfigurationName, tree: { root: string; files: Files; machine: Machine }) {
    this.#name = name;
    this.#tree = tree;
  }

  /** `neededAt`: who needs the file; null: it may be missing. */
  readFile(path: string, neededAt: At | null): void {
    const read = this.#tree.files.read(path);
    if (read.kind === "text")
      for (const line of linesOf(read.text)) this.#take(line, { file: shownPath(path, this.#tree.root), line: line.number });
    else if (read.kind === "refused")
      this.remarks.error(neededAt ?? { file: shownPath(path, this.#tree.root), line: 1 }, `${path} cannot be read: ${read.message}`);
    else if (neededAt !== null) this.remarks.error(neededAt, `there is no file ${path}`);
  }

  takeComponentDefaults(): void {
    for (const [name, word] of componentDefaults[this.#name.component] ?? []) {
      const option = options.get(name);
      const parsed = option === undefined ? null : parseValue(option, [word], null);
      if (parsed?.ok !== true) continue;
      const before = this.effective.at(name);
      if (before !== null && JSON.stringify(this.effective.value(name)) !== JSON.stringify(parsed.value))
        this.remarks.note(
          before,
          `${name}: a ${this.#name.component} has its own default (${word}), which sr3 lets win over this file: it counts in ${this.#name.component}/*.conf only`,
        );
      this.effective.set({ option: name, value: parsed.value, at: null });
    }
  }

  queueName(): string {
    const preset = options.get("queueName")!.preset;
    return substitute(this.effective.text("queueName") ?? preset, this.#scope(null)).text;
  }

  #take(line: Line, at: At): void {
    const [written = ""] = line.words;
    const canonical = canonicalName(written, this.#name.component);
    if (canonical.kind === "forgotten") {
      this.remarks.note(at, `${written}: an option of version 2, which sr3 passes over`);
      return;
    }
    const option = options.get(canonical.name);
    if (option === undefined) {
      this.#unknown(line, at);
      return;
    }
    for (const surprise of surprisesOf(line, option.type)) this.remarks.note(at, redact(surprise));
    if (line.words.length === 1 && option.type !== "flag") {
      this.remarks.error(at, `${written}: its value is missing, so that sr3 passes over the line`);
      return;
    }
    const words = this.#fill(option, line.words.slice(1), at);
    if (option.name === "declare") this.#declare(words, at);
    else if (option.name === "include") this.#include(words[0]!, at);
    else if (option.name === "subtopic") this.#bind(words[0]!, at);
    else if (option.type === "mask") this.#mask(option, words, at);
    else this.#set(option, line.words.length === 1 ? ["on"] : words, at);
  }

  #set(option: Option, words: string[], at: At): void {
    const before = this.effective.at(option.name);
    const old = this.effective.value(option.name);
    const parsed = parseValue(option, words, old);
    if (!parsed.ok) {
      this.remarks.error(at, `${option.name}: ${redact(parsed.message)}`, parsed.suggestion);
      return;
    }
    if (localPaths.has(option.name) && /^[a-z][a-z0-9+.-]*:\/\//i.test(words.join(" "))) {
      this.remarks.error(at, `${option.name}: a path is wanted here, and not an address`);
      return;
    }
    const again = before?.file === at.file && !positional.has(option.name) && !["set", "list", "each"].includes(option.type);
    if (again && JSON.stringify(old) !== JSON.stringify(parsed.value))
      this.remarks.note(before, `${option.name}: line ${at.line} sets it again, and the last one counts`);
    this.effective.set({ option: option.name, value: parsed.value, at });
  }

  #mask(option: Option, words: string[], at: At): void {
    const [pattern = "", second] = words;
    const parsed = parseExpression(pattern);
    if (parsed.kind === "wrong") {
      this.remarks.error(at, `${option.name}: ${quote(pattern)} is no regular expression (${parsed.message}); sr3 would stop at it`);
      return;
    }
    const placement = this.effective.placement();
    const filename = second !== undefined && filenameOptions.test(second) ? second : placement.filename;
    if (second !== undefined && filename !== second && !second.startsWith("#"))
      this.remarks.note(at, `${option.name}: "${words.slice(1).join(" ")}" is for plugins, which do not run here`);
    const value: Value = { type: "mask", pattern, filename, placement };
    this.effective.set({ option: option.name, value, at });
  }

  #bind(subtopic: string, at: At): void {
    if (this.effective.text("broker") === null) {
      this.remarks.error(at, "subtopic: broker stands below it, so that sr3 passes over the line");
      return;
    }
    this.bindings.push({ exchange: this.effective.isWritten("exchange") ? this.effective.text("exchange") : null, subtopic, at });
  }

  #declare(words: string[], at: At): void {
    const [kind = "", what] = words;
    if (!["env", "envvar", "var", "value", "option", "o", "source", "subscriber", "subscribe", "exchange"].includes(kind))
      this.remarks.error(
        at,
        `declare: ${quote(kind)} is nothing that can be declared`,
        nearest(kind, ["env", "option", "source", "subscriber", "exchange"]),
      );
    else if (what === undefined) this.remarks.error(at, `declare ${kind}: what is declared is missing`);
    else if (kind === "option" || kind === "o") this.#pluginOptions.add(what);
    else if (["source", "subscriber", "subscribe", "exchange"].includes(kind))
      this.remarks.note(at, `declare ${kind}: administrating a broker is the broker's own tools' task`);
    else this.#declareVariable(what, words.slice(2), at);
  }

  #declareVariable(what: string, more: string[], at: At): void {
    const parts = what.split("=");
    if (parts.length !== 2) {
      const why = parts.length < 2 ? "it has no =" : "it has more than one =, at which sr3 stops";
      this.remarks.error(at, `declare env: a variable is declared as NAME=VALUE, and this is not: ${why}`);
      return;
    }
    if (more.length > 0 && !more[0]!.startsWith("#"))
      this.remarks.note(at, `declare env: sr3 takes the value up to the first blank, and passes over "${redact(more.join(" "))}"`);
    this.#declared.set(parts[0]!, parts[1]!);
  }

  #include(file: string, at: At): void {
    const { root, files, machine } = this.#tree;
    const candidates = includeCandidates(file, root, this.#name.component, machine.homeDirectory);
    const found = candidates.find((path) => files.read(path).kind !== "missing");
    if (found === undefined)
      this.remarks.error(at, `include: there is no ${candidates.join(" and no ")} (sr3's own examples are not searched)`);
    else if (this.#depth >= INCLUDE_DEPTH_MAX)
      this.remarks.error(at, `include: ${INCLUDE_DEPTH_MAX} files include one another, this one for ever, it seems`);
    else {
      this.#depth++;
      this.readFile(found, at);
      this.#depth--;
    }
  }

  /** sr3 keeps what it does not know as it stands, and says nothing. */
  #fill(option: Option, words: string[], at: At): string[] {
    const matters = ["into", "joins", "reads"].includes(option.carried.how);
    return words.map((word) => {
      const { text, left } = substitute(word, this.#scope(at));
      for (const name of matters ? left : []) {
        const meant = nearest(name, this.#declared.keys());
        this.remarks.error(
          at,
          `${option.name}: there is no variable ${name}: sr3 would take \${${name}} as it stands`,
          meant === null ? null : `\${${meant}}`,
        );
      }
      return text;
    });
  }

  /** `at`: the line that is read; null: none is. */
  #scope(at: At | null): Scope {
    const userOf = (option: string): string | null => parseBrokerUrl(this.effective.text(option) ?? "")?.user ?? null;
    const environment = (name: string): string | null =>
      this.#declared.get(name) ?? (Object.hasOwn(this.#tree.machine.env, name) ? (this.#tree.machine.env[name] ?? null) : null);
    return {
      brokerUser: userOf("broker"),
      postBrokerUser: userOf("post_broker"),
      environment,
      digits: digitsOf(this.#name, this.#tree.machine),
      option: (name) => {
        const value = this.#internal(name) ?? this.#optionText(name);
        if (at !== null && name === name.toLowerCase() && value !== null && environment(name.toUpperCase()) !== null)
          this.remarks.note(at, `\${${name.toUpperCase()}} is sr3's own ${name}, and not the variable of that name`);
        return value;
      },
    };
  }

  #internal(name: string): string | null {
    const own: Record<string, string> = { component: this.#name.component, config: this.#name.name, hostname: this.#tree.machine.hostname };
    return Object.hasOwn(own, name) ? own[name]! : null;
  }

  #optionText(name: string): string | null {
    if (!options.has(name) || !this.effective.isWritten(name)) return null;
    const value = this.effective.value(name);
    if (value.type === "list") return value.items[0] ?? null;
    if (value.type === "number") return String(value.number);
    if (value.type === "flag") return value.on ? "True" : "False";
    return value.type === "text" ? value.text : null;
  }

  #unknown(line: Line, at: At): void {
    const [written = ""] = line.words;
    if (this.#pluginOptions.has(written)) {
      this.remarks.note(at, `${written}: an option of a plugin, which does not run here`);
      return;
    }
    const byCase = [...options.keys()].find((name) => name.toLowerCase() === written.toLowerCase());
    // sr3 passes over it, and so does nobody any harm: a flow runs as it did.
    const harmless = byCase !== undefined && !["into", "joins", "reads", "refused"].includes(options.get(byCase)!.carried.how);
    const names = [...options.keys(), ...knownOldNames()];
    const longer = written.length < 4 ? [] : names.filter((name) => name.startsWith(written));
    const meant = byCase ?? (longer.length === 1 ? longer[0]! : nearest(written, names));
    const torn = line.words.length === 1 ? " (perhaps it belongs to the line above: sr3 knows no continuation lines)" : "";
    const message = `${quote(redact(written))} is no option of sr3${torn}`;
    if (harmless) this.remarks.note(at, `${message}, which passes over it`, meant);
    else this.remarks.error(at, message, meant);
  }
}
