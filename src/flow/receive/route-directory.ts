import { type Bytes, bytesOfText } from "../../kernel/path.ts";

/** `groups` are those of the route's pattern. */
export type DirectoryFacts = { baseUrl: string; source: string | null; pubTimeNs: bigint; groups: readonly string[] };

export type FilledDirectory = { ok: true; directory: Bytes } | { ok: false; reason: string };

const variable = /\$\{([^{}]*)\}/g;
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** What a variable is made of, before there is a message. */
type Variable =
  | { kind: "group"; number: number }
  | { kind: "base-url"; last: boolean }
  | { kind: "source" }
  | { kind: "date"; format: string; offsetMs: number };

const formats: Readonly<Record<string, string>> = { YYYYMMDD: "%Y%m%d", YYYY: "%Y", MM: "%m", DD: "%d", HH: "%H", JJJ: "%j" };

/**
 * `${1}` is a group of the route's pattern; `${SOURCE}` who announced; `${BUP}` the path of the base URL, `${BUPL}` its last part;
 * `${YYYYMMDD}` and the like, and `${%...}` with the letters of strftime, the local time at which the message was published: a
 * message that comes again goes to the same place. `${YYYYMMDD-1d}` and `${%o-1h%H}` are earlier by so much.
 */
export function fillDirectory(into: string, facts: DirectoryFacts): FilledDirectory {
  let reason: string | null = null;
  const filled = into.replaceAll(variable, (whole, name: string) => {
    const value = valueOf(readVariable(name), facts);
    if (value === null) reason ??= `its route has no ${whole}`;
    return value ?? "";
  });
  return reason === null ? { ok: true, directory: bytesOfText(filled) } : { ok: false, reason };
}

/** What is wrong with a route's directory, whatever the message. `groups`: how many the pattern has. null: nothing. */
export function directoryFault(into: string, groups: number): string | null {
  for (const [whole, name = ""] of into.matchAll(variable)) {
    const read = readVariable(name);
    if (read === null) return `${whole} is nothing that a route knows`;
    if (read.kind === "group" && (read.number < 1 || read.number > groups)) return `${whole}: the pattern has ${groups} groups`;
  }
  return into.replaceAll(variable, "x").split("/").includes("..") ? "it leads out of the destination" : null;
}

function readVariable(name: string): Variable | null {
  if (/^\d{1,3}$/.test(name)) return { kind: "group", number: Number(name) };
  if (name === "BUP" || name === "baseUrlPath") return { kind: "base-url", last: false };
  if (name === "BUPL" || name === "baseUrlPathLast") return { kind: "base-url", last: true };
  if (name === "SOURCE") return { kind: "source" };
  const [, word = "", offset] = /^([A-Z]+)([-+]\d+[smhdw])?$/i.exec(name) ?? [];
  if (Object.hasOwn(formats, word)) return { kind: "date", format: formats[word]!, offsetMs: offsetOf(offset) };
  const [date, shift, format = ""] = /^%(?:o?([-+]\d+[smhdw])%)?(.+)$/i.exec(name) ?? [];
  if (date === undefined) return null;
  // sr3 writes the first % before the offset.
  const whole = `%${format}`;
  return /^(?:[^%]|%[YymdHMSjbBaAeIpuwFTs%])*$/.test(whole) ? { kind: "date", format: whole, offsetMs: offsetOf(shift) } : null;
}

function offsetOf(text: string | undefined): number {
  const [, sign, digits = "0", unit = "s"] = /^([-+])(\d+)([a-z])$/i.exec(text ?? "") ?? [];
  return (sign === "-" ? -1000 : 1000) * Number(digits) * secondsOf[unit.toLowerCase()]!;
}

function valueOf(read: Variable | null, facts: DirectoryFacts): string | null {
  switch (read?.kind) {
    case "group":
      return facts.groups[read.number - 1] ?? null;
    case "base-url": {
      const path = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?(.*)$/i.exec(facts.baseUrl)?.[1] ?? "";
      return read.last ? path.split("/").at(-1)! : path;
    }
    case "source":
      return facts.source;
    case "date":
      return formatDate(read.format, Number(facts.pubTimeNs / 1_000_000n) + read.offsetMs);
    default:
      return null;
  }
}

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function formatDate(format: string, atMs: number): string {
  const at = new Date(atMs);
  const two = (number: number): string => String(number).padStart(2, "0");
  const year = String(at.getFullYear()).padStart(4, "0");
  const date = `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const month = months[at.getMonth()] ?? "";
  const day = days[at.getDay()] ?? "";
  // In UTC no day is shorter than another.
  const ofYear = Math.round((Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - Date.UTC(at.getFullYear(), 0, 0)) / 86_400_000);
  const letters: Readonly<Record<string, string>> = {
    Y: year,
    y: year.slice(-2),
    m: date.slice(-5, -3),
    d: two(at.getDate()),
    H: two(at.getHours()),
    M: two(at.getMinutes()),
    S: two(at.getSeconds()),
    j: String(ofYear).padStart(3, "0"),
    b: month.slice(0, 3),
    B: month,
    a: day.slice(0, 3),
    A: day,
    e: String(at.getDate()).padStart(2),
    I: two(at.getHours() % 12 || 12),
    p: at.getHours() < 12 ? "AM" : "PM",
    u: String(at.getDay() || 7),
    w: String(at.getDay()),
    F: date,
    T: time,
    s: String(Math.floor(atMs / 1000)),
    "%": "%",
  };
  return format.replaceAll(/%(.)/g, (_, letter: string) => letters[letter] ?? "");
}
