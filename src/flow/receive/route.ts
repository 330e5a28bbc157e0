import { type Bytes, bytesOfText, isRelPath, NAME_BYTES_MAX, type RelPath, textOf } from "../../kernel/path.ts";
import type { Route, SubscribedSource } from "../settings.ts";
import { fillDirectory } from "./route-directory.ts";
import { fileName } from "./route-name.ts";

/** What of a message decides where its file goes: the same for each coming of the message, on each host. */
export type RoutedMessage = { relPath: RelPath; baseUrl: string; source: string | null; pubTimeNs: bigint };

/** `path` is below the destination's directory, and never leads out of it. */
export type Routed = { ok: true; path: RelPath } | { ok: false; reason: string };

/** What Linux takes for a path. */
const PATH_BYTES_MAX = 4095;

/** `accept`, `reject` and `routes` of a subscribed source: whether a message's file is wanted, and where it goes. */
export function routeOf(source: SubscribedSource, told: RoutedMessage): Routed {
  const compared = comparedText(source, told);
  const { accept, reject, match } = source;
  const rejecting = reject.find((pattern) => matchOf(pattern, compared, match) !== null);
  if (rejecting !== undefined) return refused(`reject ${rejecting.source}`);
  if (accept.length > 0 && !accept.some((pattern) => matchOf(pattern, compared, match) !== null)) return refused("no accept matches it");
  for (const route of source.routes) {
    const groups = route.pattern === null ? [] : matchOf(route.pattern, compared, match);
    if (groups === null) continue;
    return route.accepts ? follow(route, groups, told) : refused(`the route that rejects ${route.pattern?.source ?? "everything"}`);
  }
  const { unmatched } = source;
  return unmatched === null || !unmatched.accepts ? refused("no route matches it") : follow(unmatched, [], told);
}

function refused(reason: string): Routed {
  return { ok: false, reason };
}

function comparedText({ match }: SubscribedSource, { relPath, baseUrl }: RoutedMessage): string {
  return match === "path" ? textOf(relPath) : `${baseUrl}${baseUrl.endsWith("/") ? "" : "/"}${textOf(relPath)}`;
}

const fromTheStart = new WeakMap<RegExp, RegExp>();

/** A path is looked through; a URL is matched from its start. The groups of the match; null: none. */
function matchOf(pattern: RegExp, text: string, match: SubscribedSource["match"]): string[] | null {
  const expression = match === "path" ? pattern : anchored(pattern);
  expression.lastIndex = 0;
  const found = expression.exec(text);
  return found === null ? null : found.slice(1).map((group: string | undefined) => group ?? "");
}

function anchored(pattern: RegExp): RegExp {
  const known = fromTheStart.get(pattern) ?? new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, "")}y`);
  fromTheStart.set(pattern, known);
  return known;
}

/** As Sarracenia places a file: strip, flatten, mirror, name, in this order. */
function follow(route: Route, groups: readonly string[], told: RoutedMessage): Routed {
  const parts = strip(route.strip, told.relPath);
  const last = route.flatten === null ? parts.at(-1)! : (parts.join(bytesOfText(route.flatten)) as Bytes);
  const named = route.name === null ? { ok: true as const, name: last } : fileName(route.name, last, told.pubTimeNs);
  if (!named.ok) return named;
  const into = fillDirectory(route.into, { ...told, groups });
  if (!into.ok) return into;
  const directories = into.directory.split("/").filter((segment) => segment !== "" && segment !== ".");
  return checked([...directories, ...(route.mirror ? parts.slice(0, -1) : []), ...named.name.split("/")]);
}

/** At least one part, none of them empty. */
function strip(rule: Route["strip"], path: RelPath): Bytes[] {
  const parts = path.split("/") as Bytes[];
  if (rule.kind === "none") return parts;
  // What has too few directories keeps them all.
  if (rule.kind === "count") return rule.count < parts.length ? parts.slice(rule.count) : parts;
  const text = textOf(path);
  // Bytes that are no text are matched as they are.
  const rest = bytesOfText(text) === path ? bytesOfText(text.replace(rule.expression, "")) : (path.replace(rule.expression, "") as Bytes);
  const name = parts.at(-1)!;
  const left = rest.split("/").filter((part) => part !== "") as Bytes[];
  return rest.includes(name) && left.length > 0 ? left : [name];
}

function checked(segments: readonly string[]): Routed {
  if (segments.includes("..")) return refused("its route leads out of the destination");
  const long = segments.some((segment) => segment.length > NAME_BYTES_MAX);
  const path = segments.join("/") as Bytes;
  if (long || path.length > PATH_BYTES_MAX) return refused("its route makes a name that is too long");
  return isRelPath(path) ? { ok: true, path } : refused("its route makes no name");
}
