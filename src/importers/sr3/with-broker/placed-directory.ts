import { expandHome } from "../place-in-tree.ts";
import { clean } from "../poster.ts";
import type { Configuration } from "../reader.ts";
import type { Placement } from "../values.ts";

/** A file's directory, with what is filled in for each message. */
export type Placed = { placement: Placement; directory: string };

/** Absolute, or relative to the login directory ("" is that directory). */
export type Destination = string;

/** `root`: where files go that no line names a directory for; "": nowhere. */
export function directoryOf(placement: Placement, configuration: Configuration, root: string, homeDirectory: string): Placed {
  const { effective } = configuration;
  const written = placement.directory ?? effective.text("post_baseDir") ?? root;
  const known: Readonly<Record<string, string | null>> = { BD: effective.text("baseDir"), PBD: effective.text("post_baseDir") };
  const offset = effective.number("varTimeOffset");
  const filled = written.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
    if (Object.hasOwn(known, name)) return known[name] ?? whole;
    if (/^\d+$/.test(name) && effective.flag("sundew_compat_regex_first_match_is_zero")) return `\${${Number(name) + 1}}`;
    return offset === 0 ? whole : shifted(name, offset);
  });
  const base = effective.flag("baseUrl_relPath") ? `${filled}/\${BUP}` : filled;
  return { placement, directory: base === "" ? "" : clean(expandHome(base, homeDirectory)) };
}

/** `varTimeOffset` is that of each date that has none of its own. */
function shifted(name: string, seconds: number): string {
  const by = `${seconds < 0 ? "-" : "+"}${Math.abs(Math.round(seconds))}s`;
  if (/^(?:YYYYMMDD|YYYY|MM|DD|HH|JJJ)$/.test(name)) return `\${${name}${by}}`;
  return name.startsWith("%") && !/^%o?[-+]/.test(name) ? `\${%o${by}${name}}` : `\${${name}}`;
}

/** The directory that all are below, without variables. */
export function commonDirectory(places: readonly Placed[]): Destination | { wrong: string } {
  const [first = "", ...others] = places.map(({ directory }) => directory);
  let common = fixedParts(first);
  for (const other of others) {
    if (other.startsWith("/") !== first.startsWith("/"))
      return { wrong: "some directories begin at / and some elsewhere: a flow has one destination, so make two configurations of it" };
    const parts = fixedParts(other);
    const differs = common.findIndex((part, at) => part !== parts[at]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return `${first.startsWith("/") ? "/" : ""}${common.join("/")}`;
}

/** Up to the first variable. */
function fixedParts(directory: string): string[] {
  const parts = directory.split("/").filter((part) => part !== "" && part !== ".");
  const variable = parts.findIndex((part) => part.includes("${"));
  return variable < 0 ? parts : parts.slice(0, variable);
}

export function relativeTo(directory: string, destination: Destination): string {
  const parts = directory.split("/").filter((part) => part !== "" && part !== ".");
  return parts.slice(destination.split("/").filter((part) => part !== "").length).join("/");
}
