import { resolve } from "node:path";
import { parseChmod } from "../../config/chmod.ts";
import { parseRsyncRate } from "../../config/units.ts";
import type { At, Remarks } from "../remark.ts";
import { type ArgumentName, argumentNames, specOf } from "./argument-table.ts";
import { type Given, readArguments } from "./arguments.ts";
import type { Word } from "./words.ts";

/** Where relative paths begin. */
export type Machine = { homeDirectory: string; workingDirectory: string };

/** An agent as its arguments describe it. Paths of this machine are absolute. */
export type Agent = {
  archive: string;
  /** null: a directory of this machine. */
  host: { user: string | null; host: string } | null;
  remoteBase: string;
  sshKey: string | null;
  database: string;
  /** What finalization files are written below, and the agent's name in their paths. */
  fileRoot: string;
  instance: string;
  /** null: never. */
  deleteAfterS: number | null;
  attemptsMax: number;
  sleepS: number;
  compress: boolean;
  /** null: no limit. */
  bytesPerS: number | null;
  /** Empty: modes are not touched. */
  chmod: string;
  /** Where a key of the native form comes from. */
  origin: (name: ArgumentName) => { from: At[]; because: string };
};

const ATTEMPTS_MAX = 10_000;
const CENTURY_S = 36_525 * 86_400;

/** null: there are errors in the remarks. */
export function readAgent(words: readonly Word[], machine: Machine, remarks: Remarks): Agent | null {
  const before = errorsIn(remarks);
  const given = readArguments(words, remarks);
  noteUnused(given, remarks);
  for (const name of argumentNames)
    if (specOf(name).required === true && !given.has(name)) remarks.error(firstPlace(given), `--${name} is missing: ${specOf(name).says}`);
  const path = (name: ArgumentName): string => absolute(textOf(name, given, remarks), machine);
  const host = hostOf(given.get("ssh-host"), remarks);
  const archive = textOf("archive-name", given, remarks);
  const agent: Agent = {
    archive,
    host,
    remoteBase: host === null ? path("remote-basedir") : textOf("remote-basedir", given, remarks),
    sshKey: keyOf(given, host !== null, machine, remarks),
    database: path("db-path"),
    fileRoot: path("suprsync-file-root"),
    instance: instanceOf(given, archive, remarks),
    deleteAfterS: given.has("delete-local-after") ? secondsOf("delete-local-after", given, remarks) : null,
    attemptsMax: Math.min(countOf("max-copy-attempts", given, remarks), ATTEMPTS_MAX),
    sleepS: secondsOf("sleep-time", given, remarks),
    compress: given.has("compression"),
    bytesPerS: rateOf(given.get("bwlimit"), remarks),
    chmod: chmodOf(given.get("chmod") ?? fallbackOf("chmod"), remarks),
    origin: (name) => originOf(name, given),
  };
  return errorsIn(remarks) > before ? null : agent;
}

function errorsIn(remarks: Remarks): number {
  return remarks.all.filter(({ kind }) => kind === "error").length;
}

/** Of a site configuration: the instance. */
function firstPlace(given: Given): At | null {
  return [...given.values()].find(({ at }) => at !== null)?.at ?? null;
}

function originOf(name: ArgumentName, given: Given): { from: At[]; because: string } {
  const word = given.get(name);
  if (word === undefined) return { from: [], because: `the default of --${name}` };
  return { from: word.at === null ? [] : [word.at], because: `--${name}` };
}

/** What is accepted and does nothing is said, and a wrong value of it is still wrong. */
function noteUnused(given: Given, remarks: Remarks): void {
  for (const [name, word] of given) {
    const { unused, kind } = specOf(name);
    if (unused === undefined) continue;
    if (kind === "seconds") secondsOf(name, given, remarks);
    if (kind === "count") countOf(name, given, remarks, 0);
    remarks.note(word.at, `--${name}${word.text === "" ? "" : ` ${word.text}`}: ${unused}`);
  }
}

/** Not empty, where it is given. */
function textOf(name: ArgumentName, given: Given, remarks: Remarks): string {
  const word = given.get(name);
  if (word !== undefined && word.text === "") remarks.error(word.at, `--${name} is empty`);
  return word?.text ?? "";
}

function absolute(text: string, { homeDirectory, workingDirectory }: Machine): string {
  if (text === "~" || text.startsWith("~/")) return resolve(homeDirectory, text.slice(2));
  return resolve(workingDirectory, text);
}

function secondsOf(name: ArgumentName, given: Given, remarks: Remarks): number {
  const word = given.get(name) ?? fallbackOf(name);
  const seconds = /^\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word.text.trim()) ? Number(word.text) : Number.NaN;
  if (seconds <= CENTURY_S) return seconds;
  remarks.error(
    word.at,
    Number.isNaN(seconds)
      ? `--${name} ${JSON.stringify(word.text)}: a number of seconds is expected, such as 60`
      : `--${name} ${word.text}: that is more than a century`,
  );
  return 0;
}

function countOf(name: ArgumentName, given: Given, remarks: Remarks, least = 1): number {
  const word = given.get(name) ?? fallbackOf(name);
  const count = /^\+?\d{1,15}$/.test(word.text.trim()) ? Number(word.text) : Number.NaN;
  if (count >= least) return count;
  remarks.error(
    word.at,
    Number.isNaN(count)
      ? `--${name} ${JSON.stringify(word.text)}: a whole number is expected, such as 5`
      : `--${name} ${word.text}: it is at least ${least}`,
  );
  return least;
}

function fallbackOf(name: ArgumentName): Word {
  return { text: specOf(name).fallback ?? "0", at: null };
}

function rateOf(word: Word | undefined, remarks: Remarks): number | null {
  if (word === undefined) return null;
  const rate = parseRsyncRate(word.text);
  if (rate.ok) return rate.value;
  remarks.error(word.at, `--bwlimit: ${rate.message}`);
  return null;
}

/** Empty: modes are left as they are. */
function chmodOf({ text, at }: Word, remarks: Remarks): string {
  const chmod = text === "" ? null : parseChmod(text);
  if (chmod?.ok === false) remarks.error(at, `--chmod: ${chmod.message}`);
  return text;
}

/** `user@host`, `host`; an IPv6 address as ssh takes it, too. */
function hostOf(word: Word | undefined, remarks: Remarks): Agent["host"] {
  if (word === undefined) return null;
  const [, user, host = ""] = /^(?:(.*)@)?([^@]*)$/s.exec(word.text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const isAddress = /^[0-9a-f:.]+(%[\w.-]+)?$/i.test(bare) && bare.includes(":");
  if (!isAddress && !/^[A-Za-z0-9_][\w.-]*$/.test(host))
    remarks.error(word.at, `--ssh-host ${JSON.stringify(word.text)}: USER@HOST or HOST is expected, as ssh takes it`);
  else if (user !== undefined && (user === "" || user.startsWith("-") || /[\s\p{C}]/u.test(user)))
    remarks.error(word.at, `--ssh-host ${JSON.stringify(word.text)}: what stands before @ is no user`);
  return { user: user ?? null, host: isAddress ? `[${bare}]` : host };
}

function keyOf(given: Given, isRemote: boolean, machine: Machine, remarks: Remarks): string | null {
  const word = given.get("ssh-key");
  if (word === undefined) return null;
  if (word.text === "") remarks.note(word.at, "--ssh-key is empty: ssh finds its key itself");
  else if (!isRemote) remarks.note(word.at, "--ssh-key: without --ssh-host nothing goes over ssh");
  else return absolute(word.text, machine);
  return null;
}

/** It becomes a directory's name. */
function instanceOf(given: Given, archive: string, remarks: Remarks): string {
  const word = given.get("instance-id");
  if (word === undefined || word.text === "") {
    if (archive !== "")
      remarks.assumed(word?.at ?? null, `--instance-id is ${archive}, as the archive: it stands in the paths of finalization files`);
    return archive;
  }
  if (word.text.includes("/") || word.text === "." || word.text === "..")
    remarks.error(word.at, `--instance-id ${JSON.stringify(word.text)}: it becomes the name of a directory, so that it has no / in it`);
  return word.text;
}
