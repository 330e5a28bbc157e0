import { literal } from "../../config/example.ts";
import { bad, good, type Parsed, quote } from "../../config/parsed.ts";
import { parseDuration, parseRate } from "../../config/units.ts";
import { type AbsPath, absPath, bytesOfText, nameOf, textOf } from "../../kernel/path.ts";
import { destinationUrl } from "../quickstart-plan.ts";

/** What a flow is to be; each was checked by itself. */
export type Wishes = {
  directory: string;
  url: string;
  flow: string;
  retain: string;
  lanes?: number;
  bandwidth?: string;
};

/** Where relative paths and `~` begin. */
export type Base = { cwd: AbsPath; home: AbsPath };

/** A leading `~/` is the home: no shell saw what was typed at a question. */
function expand(text: string, { home }: Base): string {
  return text === "~" ? textOf(home) : text.startsWith("~/") ? `${textOf(home)}/${text.slice(2)}` : text;
}

/** As the configuration has it: below the home with `~/`, which stays right where the home moves. */
export function readDirectory(text: string, base: Base): Parsed<string> {
  if (text.trim() === "") return bad("name a directory, such as ~/results");
  if (text.includes("\0")) return bad("a path cannot hold a NUL character");
  const path = textOf(absPath(bytesOfText(expand(text, base)), base.cwd));
  const home = textOf(base.home);
  if (path === home) return bad("the whole home would be sent, with all that is in it: name a directory below it", "~/hotdir");
  return good(path.startsWith(`${home}/`) && home !== "/" ? `~/${path.slice(home.length + 1)}` : path);
}

/** `host:directory`, `user@host:directory`, a URL, or a directory of this machine. */
export function readDestination(text: string, base: Base): Parsed<string> {
  if (text.trim() === "") return bad("name a destination, such as host:inbox");
  return good(destinationUrl(expand(text, base), base.cwd));
}

export function readFlowName(text: string, taken: readonly string[]): Parsed<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)) return bad("a name has letters, digits, - and _, at most 64", nameFrom(text));
  return taken.includes(text) ? bad(`there is a flow ${text} already`, freeName(text, taken)) : good(text);
}

/** `keep`, a time after which delivered files are deleted, or a directory into which they are moved. */
export function readRetain(text: string, base: Base): Parsed<string> {
  if (text === "keep") return good("keep");
  const after = parseDuration(text);
  if (after.ok) return good(`{delete_after: ${text.replaceAll(" ", "")}}`);
  if (!/[/~]/.test(text))
    return bad(`${quote(text)} is neither keep, nor a time such as 7d, nor a directory such as ~/sent`, after.suggestion);
  const directory = readDirectory(text, base);
  return directory.ok ? good(`{hold: ${inFlow(directory.value)}}`) : directory;
}

export function readLanes(text: string): Parsed<number> {
  const lanes = Number(text);
  return /^\d+$/.test(text) && lanes >= 1 && lanes <= 64 ? good(lanes) : bad(`${quote(text)} is no number from 1 to 64`);
}

export function readBandwidth(text: string): Parsed<string> {
  const rate = parseRate(text);
  return rate.ok ? good(text) : rate;
}

/** Within braces a comma or a brace would end the text. */
function inFlow(text: string): string {
  const written = literal(text);
  return written.startsWith('"') ? written : /^[\w/~.+=$@%:-]+$/.test(written) ? written : JSON.stringify(text);
}

/** `to_cluster`, by the host or the last directory of the address. */
export function proposedName(url: string, taken: readonly string[]): string {
  const host = /^sftp:\/\/(?:[^@/]*@)?\[?([^/:\]]+)/.exec(url)?.[1];
  const directory = textOf(nameOf(bytesOfText(url.replace(/\/+$/, ""))));
  return freeName(nameFrom(`to_${host?.split(".")[0] ?? directory}`), taken);
}

function nameFrom(text: string): string {
  const clean = text.replaceAll(/[^A-Za-z0-9-]+/g, "_").replaceAll(/^[_-]+|_+$/g, "");
  return clean === "" ? "flow" : clean.slice(0, 60);
}

function freeName(name: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
