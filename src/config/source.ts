import * as z from "zod";
import { type ChangeKind, changeKinds, type Settle, type SourceSettings, type SubscribedSource } from "../flow/settings.ts";
import { absPath, type Bytes, bytesOfText } from "../kernel/path.ts";
import { parseExpression } from "./expression.ts";
import { duration, nameSuffix, textField, words } from "./fields.ts";
import { checkPath, resolveArgument, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";
import { routesOf, unmatchedOf } from "./routes.ts";
import type { SectionContext } from "./section.ts";
import { defaultPrefetch, subscribedKeys, subscriptionSettings } from "./subscribe.ts";
import { table, tablePart } from "./table.ts";
import { parseDuration } from "./units.ts";

const DAY_MS = 86_400_000;

const path = textField({ title: "path", examples: ["~/to_hpfx", "/data/out"], parse: checkPath });
const expressions = z
  .array(textField({ title: "regular expression", parse: parseExpression }))
  .max(1000)
  .meta({ title: "list of regular expressions" })
  .prefault([]);

function parseSettle(text: string): Parsed<Settle> {
  if (text === "close") return good({ kind: "close" });
  const quiet = parseDuration(text);
  if (quiet.ok) return quiet.value <= DAY_MS ? good({ kind: "quiet", quietMs: quiet.value }) : bad("a quiet time is at most 1d", "1d");
  return bad(`${quote(text)} is neither close, nor a quiet time such as 30s, nor {marker: SUFFIX}`, quiet.suggestion);
}

const settle = z.union([
  textField({
    title: "close, duration",
    pattern: String.raw`^(close|\d+(\.\d+)? ?(ms|s|m|h|d|w))$`,
    examples: ["close", "30s"],
    parse: parseSettle,
  }),
  z.strictObject({
    marker: nameSuffix(".done").describe("The file is complete when a file of the same name with this suffix stands beside it."),
  }),
]);

const posts = z.union([
  z.literal(true),
  z.strictObject({
    base: path.prefault("/").describe("What is posted is named relative to this directory below the destination, and must be inside."),
  }),
]);

export const source = z
  .strictObject({
    directory: path
      .optional()
      .describe("The directory that is watched, with all below it. Symbolic links to directories are never followed."),
    posts: posts
      .optional()
      .describe("Instead of `directory`: nothing is watched, only what `hotdir post` names is sent. `true` is `{base: /}`."),
    table,
    symlinks: z
      .enum(["transfer", "follow"])
      .prefault("transfer")
      .describe(
        "Whether a symbolic link to a file is transferred as a link or as the file that it leads to. A link to a directory always stays a link.",
      ),
    ...subscribedKeys,
    accept: expressions.describe("Only files whose relative path one of these matches; none: all. JavaScript syntax."),
    reject: expressions.describe("Files whose relative path one of these matches are left alone. It wins over `accept`."),
    settle: settle
      .prefault("close")
      .describe(
        "When a file is complete: `close` (nobody has it open for writing), a time without changes (`0s`: as found), or a marker file. With `subscribe`: so long a message waits for newer ones of its path, of which the last one counts; default `0s`.",
      ),
    rescan: duration({ minMs: 1000, maxMs: 7 * DAY_MS })
      .prefault("10m")
      .describe("How often the whole directory, or table, is compared with the ledger, to find what no event told."),
    propagate: words(changeKinds, { min: 1 })
      .prefault(["put", "rename", "link", "mkdir"])
      .describe("Which changes are made at the destination. `delete` and `rmdir` only when they are named here."),
  })
  .meta({ oneOf: [{ required: ["directory"] }, { required: ["posts"] }, { required: ["subscribe"] }, { required: ["table"] }] })
  .describe("Where changes come from: `directory`, `posts`, `table` or `subscribe`.");

export type SourceValue = z.output<typeof source>;

/** `lanes`: of the destination; null where it has none. `removes`: where the files are that go; they are what the messages are about. */
type About = { flow: string; lanes: number | null; removes: string | null };

export function sourceSettings(value: SourceValue, of: About, context: SectionContext): SourceSettings {
  const { accept, reject, rescan: rescanMs } = value;
  // Only what was put elsewhere may go here; and a row names a file.
  const propagate: ReadonlySet<ChangeKind> = new Set(of.removes === null && value.table === undefined ? value.propagate : ["put"]);
  const rules = { accept, reject, settle: settleOf(value), rescanMs, propagate };
  if (value.table !== undefined) return { ...rules, kind: "table", root: rootDirectory, ...tablePart(value.table, context.base) };
  if (value.subscribe !== undefined) return { ...rules, ...subscribedPart(value, value.subscribe, of, context) };
  const root = value.directory ?? (typeof value.posts === "object" ? value.posts.base : "/");
  return {
    ...rules,
    kind: value.directory === undefined ? "posted" : "watched",
    symlinks: value.symlinks,
    root: resolvePath(root, context.base),
  };
}

function subscribedPart(
  value: SourceValue,
  subscribe: NonNullable<SourceValue["subscribe"]>,
  { flow, lanes, removes }: About,
  { base, defaultSsh }: SectionContext,
): Omit<SubscribedSource, "accept" | "reject" | "settle" | "rescanMs" | "propagate"> {
  const below = removes ?? (value.base.kind === "url" ? null : value.base.path);
  return {
    kind: "subscribed",
    root: below === null ? rootDirectory : resolvePath(below, base),
    base: below === null ? "url" : "root",
    subscription: subscriptionSettings(subscribe, { flow, prefetch: defaultPrefetch(lanes), base }),
    match: value.match,
    routes: routesOf(value.routes),
    unmatched: unmatchedOf(value.unmatched),
    ssh: (value.ssh ?? defaultSsh).map((argument) => resolveArgument(argument, base)),
    duplicatesMs: value.duplicates,
  };
}

const rootDirectory = absPath("/" as Bytes);

/** A marker's suffix is compared with names, which are bytes. A message, or a row, says itself that a file is complete. */
function settleOf({ settle: value, subscribe, table: rows }: SourceValue): Settle {
  if ("marker" in value) return { kind: "marker", suffix: bytesOfText(value.marker) };
  return (subscribe !== undefined || rows !== undefined) && value.kind === "close" ? { kind: "quiet", quietMs: 0 } : value;
}
