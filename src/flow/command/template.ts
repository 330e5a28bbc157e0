import { type Quoting, quotingAt, splitWords } from "./shell-words.ts";
import { quoteText, withinQuotes } from "./shell-quote.ts";

export const places = ["file", "batch", "dest", "command"] as const;
export type PlaceName = (typeof places)[number];

type Piece = { kind: "text"; text: string } | { kind: "place"; place: PlaceName; quoting: Quoting };

/** A user's command: taken apart into arguments, each of them text and places that are filled in for each run. `text`: as it is written. */
export type CommandTemplate = { text: string; words: Piece[][] };

/** `unknown`: the parameter that nobody defined, and those that are. */
export type TemplateFault = { message: string; unknown?: { name: string; known: string[] } };

type Role = "transfer" | "remote";
const allowed: Record<Role, readonly PlaceName[]> = { transfer: ["file", "batch", "dest"], remote: ["command"] };
/** No text of a configuration holds it. */
const MARK = "\0";

/**
 * Reads a template. Parameters, which are the user's own, are filled in first; then it is taken apart, once; files are put into their
 * places only afterwards, so that no name of a file is ever read as anything but a name.
 */
export function readTemplate(
  role: Role,
  text: string,
  parameters: ReadonlyMap<string, string>,
): { ok: true; template: CommandTemplate } | { ok: false; faults: TemplateFault[] } {
  const faults: TemplateFault[] = [];
  const marked = fillParameters(role, text, parameters, faults);
  const split = splitWords(marked);
  if (split.kind === "unbalanced") {
    const what =
      split.character === "\\"
        ? "the backslash at its end stands alone"
        : `the quotation that begins with ${split.character} is not closed`;
    return { ok: false, faults: [...faults, { message: what }] };
  }
  const words = split.words.map(piecesOf);
  faults.push(...missing(role, words));
  return faults.length > 0 ? { ok: false, faults } : { ok: true, template: { text, words } };
}

function fillParameters(role: Role, text: string, parameters: ReadonlyMap<string, string>, faults: TemplateFault[]): string {
  return text.replaceAll(/\{\{|\}\}|\{(\w+)\}|[{}]/g, (found, name: string | undefined) => {
    if (found === "{{" || found === "}}") return found[0]!;
    if (name === undefined) {
      faults.push({ message: `a ${found} by itself means nothing here: write ${found}${found} for the character` });
      return "";
    }
    const place = places.find((known) => known === name);
    if (place !== undefined) {
      if (!allowed[role].includes(place)) faults.push({ message: `{${place}} has no place in the ${role} command` });
      return `${MARK}${place}${MARK}`;
    }
    const value = parameters.get(name);
    if (value === undefined)
      faults.push({
        message: `the parameter {${name}} is used and not defined`,
        unknown: { name, known: [...parameters.keys(), ...allowed[role]] },
      });
    return value ?? "";
  });
}

function piecesOf(word: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = "";
  for (const [at, part] of word.split(MARK).entries()) {
    if (at % 2 === 1) pieces.push({ kind: "place", place: part as PlaceName, quoting: quotingAt(plain, plain.length) });
    else if (part !== "") pieces.push({ kind: "text", text: part });
    if (at % 2 === 0) plain += part;
  }
  return pieces;
}

function missing(role: Role, words: Piece[][]): TemplateFault[] {
  if (words.length === 0) return [{ message: "the command is empty" }];
  const has = (place: PlaceName): boolean => words.some((word) => word.some((piece) => piece.kind === "place" && piece.place === place));
  const faults: TemplateFault[] = [];
  if (words[0]!.some((piece) => piece.kind === "place")) faults.push({ message: "it begins with no program" });
  if (role === "remote")
    return [...faults, ...(has("command") ? [] : [{ message: "it has no {command}, which stands for what is to be run there" }])];
  if (!has("dest")) faults.push({ message: "it has no {dest}, which stands for the directory at the far end" });
  if (!has("file") && !has("batch")) faults.push({ message: "it has neither {file} nor {batch}, which stand for what is to be sent" });
  if (has("file") && has("batch")) faults.push({ message: "it has both {file} and {batch}: one file or several in a command, not both" });
  if (words.some((word) => word.length > 1 && word.some((piece) => piece.kind === "place" && piece.place === "batch")))
    faults.push({ message: "{batch} becomes several arguments, and has to stand by itself" });
  return faults;
}

/** Whether one command takes several files. */
export function takesBatch({ words }: CommandTemplate): boolean {
  return words.some((word) => word.some((piece) => piece.kind === "place" && piece.place === "batch"));
}

/** The arguments of one run. `batch` becomes as many as it has. */
export function fillTemplate(
  { words }: CommandTemplate,
  values: { file?: string; batch?: readonly string[]; dest?: string; command?: string },
): string[] {
  return words.flatMap((word) => {
    const [only] = word;
    if (word.length === 1 && only?.kind === "place" && only.place === "batch") return values.batch ?? [];
    const isScript = word.some((piece) => piece.kind === "text" && /\s/.test(piece.text));
    return [word.map((piece) => (piece.kind === "text" ? piece.text : filled(piece, values, isScript))).join("")];
  });
}

/** `isScript`: it stands in an argument that has blanks, as what `sh -c` is given. */
function filled(piece: Piece & { kind: "place" }, values: { file?: string; dest?: string; command?: string }, isScript: boolean): string {
  if (piece.place === "batch") return "";
  const value = values[piece.place] ?? "";
  // What is to be run there is read by one more shell where the user quoted its place.
  if (piece.place === "command") return withinQuotes(value, piece.quoting);
  if (!isScript || /^[\w/.,+@%=:-]*$/.test(value)) return value;
  return piece.quoting === "none" ? quoteText(value) : withinQuotes(value, piece.quoting);
}
