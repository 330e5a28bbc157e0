import { nearest } from "../../config/nearest.ts";
import { HotdirError } from "../../kernel/errors.ts";

/** What stands on a command line of sr3: a verb, configurations, and options before, between and behind them. */
export type Words = { verb: string | null; patterns: string[]; options: ReadonlyMap<string, string> };

/** `flag`: stands for itself; `value`: the next word is its own. The short forms are those of sr3. */
export const verbOptions = {
  config: { form: "value", short: "c", says: "a configuration, as if it stood behind the verb" },
  dangerWillRobinson: { form: "value", says: "cleanup: how many configurations it is for, where they are several" },
  debug: { form: "flag", says: "foreground: the log with all its details" },
  dry_run: { form: "flag", says: "cleanup, start, stop, restart: only tell which configurations are meant" },
  full: { form: "flag", says: "status: more columns; show: the defaults as well" },
  json: { form: "flag", says: "status, features, list: the facts as JSON" },
  lines: { form: "value", short: "n", says: "log: so many lines of what was, before what comes" },
  logLevel: { form: "value", says: "foreground: what is shown: debug, info, warning, error" },
  logStdout: { form: "flag", says: "foreground: taken, and so it is anyway" },
  no: { form: "value", says: "taken and passed over: there are no instances with numbers" },
  users: { form: "flag", says: "declare: answered with who can" },
  wololo: { form: "flag", says: "taken and passed over" },
  yes: { form: "flag", says: "cleanup: also where a queue still holds messages" },
} as const satisfies Record<string, { form: "flag" | "value"; short?: string; says: string }>;

export type VerbOption = keyof typeof verbOptions;

/** Throws `bad-usage` for an option that no verb has. `known`: the verbs and options that may stand here. */
export function readWords(argv: readonly string[], isFileOption: (name: string) => boolean): Words {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (!/^--?[A-Za-z]/.test(word)) {
      words.push(word);
      continue;
    }
    const { name, inline } = optionIn(word);
    const known = canonical(name);
    if (known === null) throw unknownOption(word, name, isFileOption);
    const value = verbOptions[known].form === "flag" ? "on" : (inline ?? argv[++at]);
    if (value === undefined) throw misused(`${word} wants a value`);
    if (known === "config") words.push(value);
    else options.set(known, value);
  }
  const [verb = null, ...patterns] = words;
  // `-c NAME verb`: what stood before the verb is a configuration.
  const given = argv.findIndex((word) => word === "-c" || word === "--config" || word === "-config");
  if (given >= 0 && verb !== null && verb === argv[given + 1] && patterns.length > 0)
    return { verb: patterns[0]!, patterns: [verb, ...patterns.slice(1)], options };
  return { verb, patterns, options };
}

/** `--name=value`, `-name value`, `-n value`. */
export function optionIn(word: string): { name: string; inline: string | null } {
  const [, name = "", inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  return { name, inline: inline ?? null };
}

function canonical(name: string): VerbOption | null {
  const found = Object.entries(verbOptions).find(([full, spec]) => full === name || ("short" in spec && spec.short === name));
  return (found?.[0] as VerbOption | undefined) ?? null;
}

function unknownOption(word: string, name: string, isFileOption: (name: string) => boolean): HotdirError {
  if (isFileOption(name))
    return misused(`${word}: options of configurations are read from their files only: put it there ('sr3 edit'), and 'sr3 restart'`);
  const meant = nearest(name, Object.keys(verbOptions));
  return misused(`there is no option ${word}${meant === null ? "" : `; did you mean --${meant}?`}`);
}

export function misused(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "sr3", detail });
}
