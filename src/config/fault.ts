import { quote } from "./parsed.ts";

/** What is wrong with a configuration, and where. Lines and columns count from 1. */
export type Fault = {
  file: string;
  line: number;
  column: number;
  /** The key or value that is wrong: `flows.to_hpfx.source.setle`. Empty for the file as a whole. */
  path: string;
  /** What `renderFaults` shows before the message: for a wrong key the map that it stands in, else `path`. */
  where: string;
  message: string;
  /** What to write instead. */
  suggestion?: string;
  /** The line of the file, printable and without secrets; the caret goes below `caret` (from 0). Null where it is not shown. */
  excerpt: { text: string; caret: number } | null;
};

export type Position = { line: number; column: number };
export type Path = ReadonlyArray<string | number>;

/** A fault before it is placed in its file. `about: "key"`: the last part of the path is the wrong one, not its value. */
export type FaultDraft = { at: Position; path: Path; about?: "key" | "value"; message: string; suggestion?: string | undefined };
export type Report = (fault: FaultDraft) => void;

/** More would scroll the first ones, which matter, away. */
const FAULTS_MAX = 100;
const EXCERPT_CHARACTERS_MAX = 120;

/** Sorted by position, each once. */
export function placeFaults(drafts: readonly FaultDraft[], file: string, lines: readonly string[]): Fault[] {
  const faults = new Map<string, Fault>();
  for (const draft of drafts.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)) {
    const key = `${draft.at.line}:${draft.at.column}:${draft.message}`;
    // One anchor that is used in several flows is one fault of the file.
    if (!faults.has(key) && faults.size < FAULTS_MAX) faults.set(key, placeFault(draft, file, lines));
  }
  return [...faults.values()];
}

function placeFault(draft: FaultDraft, file: string, lines: readonly string[]): Fault {
  const { at, path, message, suggestion } = draft;
  const line = lines[at.line - 1];
  return {
    file,
    line: at.line,
    column: at.column,
    path: formatPath(path),
    where: formatPath(draft.about === "key" ? path.slice(0, -1) : path),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
    excerpt: line === undefined || line.trim() === "" || isWebhookInDisguise(path, line) ? null : excerptOf(line, at.column - 1),
  };
}

/** Whoever knows a webhook's address may post there, also where its scheme was forgotten, by which `hideSecrets` would know it. */
function isWebhookInDisguise(path: Path, line: string): boolean {
  return path[0] === "alerts" && path[1] === "webhook" && !/https?:\/\//i.test(line);
}

/** `flows.to_hpfx.source.reject[1]` */
export function formatPath(path: Path): string {
  let shown = "";
  for (const part of path) {
    if (typeof part === "number") shown += `[${part}]`;
    else shown += `${shown === "" ? "" : "."}${/^[\w-]+$/.test(part) ? part : quote(part)}`;
  }
  return shown;
}

/**
 * ```
 * hotdir.yaml:7:5: flows.to_hpfx.source: unknown key "setle"; did you mean "settle"?
 *     7 |     setle: close
 *       |     ^
 * ```
 */
export function renderFaults(faults: readonly Fault[]): string {
  return faults.map(renderFault).join("");
}

function renderFault(fault: Fault): string {
  const where = fault.where === "" ? "" : `${fault.where}: `;
  const suggestion = fault.suggestion === undefined ? "" : `; did you mean "${fault.suggestion}"?`;
  const head = printable(`${fault.file}:${fault.line}:${fault.column}: ${where}${fault.message}${suggestion}`);
  if (fault.excerpt === null) return `${head}\n`;
  const number = String(fault.line).padStart(5);
  return `${head}\n${number} | ${fault.excerpt.text}\n${" ".repeat(number.length)} | ${" ".repeat(fault.excerpt.caret)}^\n`;
}

/** A window of the line around the column, without secrets. */
function excerptOf(line: string, column: number): { text: string; caret: number } {
  const hidden = hideSecrets(line, column);
  const start = hidden.caret < EXCERPT_CHARACTERS_MAX - 20 ? 0 : hidden.caret - EXCERPT_CHARACTERS_MAX / 2;
  return { text: printable(hidden.text.slice(start, start + EXCERPT_CHARACTERS_MAX)), caret: hidden.caret - start };
}

/** Without what stands between `://` and the last `@`, where a colon is in it, a web address' path, and what follows a key that names a secret. */
function hideSecrets(line: string, column: number): { text: string; caret: number } {
  let shown = { text: line, caret: column };
  const authority = /:\\?\/\\?\//.exec(line);
  const at = line.lastIndexOf("@");
  if (authority !== null && line.slice(authority.index + authority[0].length, at).includes(":"))
    shown = hide(shown, authority.index + authority[0].length, at);
  shown = withoutPasswords(shown);
  // Who knows a webhook's address may post there.
  const web = /https?:\/\/[^\s/"']+\//i.exec(shown.text);
  if (web !== null) {
    const start = web.index + web[0].length;
    const length = shown.text.slice(start).search(/[\s"'}]|$/);
    shown = hide(shown, start, start + length);
  }
  const key = /(?:passw|passphrase|secret|token)[\w-]{0,40}["']?[ \t]{0,8}:[ \t]*/i.exec(shown.text);
  return key === null ? shown : hide(shown, key.index + key[0].length, shown.text.length);
}

/** `user:password@host`, also where the `//` before it was forgotten. */
function withoutPasswords(line: { text: string; caret: number }): { text: string; caret: number } {
  return [...line.text.matchAll(/[^\s'"]+/g)].toReversed().reduce((shown, { 0: word, index }) => {
    const [colon, at] = [word.indexOf(":"), word.lastIndexOf("@")];
    const isUser = /^[\w+.-]*:\/\/[^:]*$/.test(word.slice(0, Math.max(0, at)));
    return colon < 0 || at < colon || isUser ? shown : hide(shown, index + colon + 1, index + at);
  }, line);
}

function hide({ text, caret }: { text: string; caret: number }, start: number, end: number): { text: string; caret: number } {
  if (end <= start) return { text, caret };
  return {
    text: `${text.slice(0, start)}***${text.slice(end)}`,
    caret: caret <= start ? caret : Math.max(start, caret - (end - start) + 3),
  };
}

/** No name in a configuration can move the cursor, forge a line or turn the text around. One character stays one. */
function printable(text: string): string {
  return text.replaceAll("\t", " ").replaceAll(/[\p{C}\u2028\u2029]/gu, "\u00b7");
}
