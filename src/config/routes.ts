import * as z from "zod";
import { directoryFault } from "../flow/receive/route-directory.ts";
import { nameFault } from "../flow/receive/route-name.ts";
import type { Route } from "../flow/settings.ts";
import { parseExpression } from "./expression.ts";
import { laterVariables, textField } from "./fields.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";

/** Filled in from each message, rather than from `vars` and the environment: `${YYYYMMDD}`, `${SOURCE}`, `${1}`. */
const isMessageVariable = (name: string): boolean => directoryFault(`\${${name}}`, Infinity) === null;

function parseInto(text: string): Parsed<string> {
  if (text.startsWith("/")) return bad("a route leads to a directory below the destination's", text.replace(/^\/+/, "") || ".");
  if (text.startsWith("~")) return bad("a route leads to a directory below the destination's: there is no home in it");
  if (text.split("/").includes("..")) return bad("a route has no .. in it: it leads below the destination's directory");
  if (text.includes("\0")) return bad("a path cannot hold a NUL character");
  if (Buffer.byteLength(text) > 2048) return bad("a route has at most 2048 bytes");
  return good(
    text
      .replaceAll(/\/{2,}/g, "/")
      .replace(/\/$/, "")
      .replace(/^\.(?=\/|$)\/?/, ""),
  );
}

function parseStrip(text: string): Parsed<Route["strip"]> {
  if (/^\d{1,3}$/.test(text)) return good(Number(text) === 0 ? { kind: "none" } : { kind: "count", count: Number(text) });
  const expression = parseExpression(text);
  return expression.ok ? good({ kind: "expression", expression: expression.value }) : expression;
}

function parseFlatten(text: string): Parsed<string> {
  if (text === "" || /[/\0]/.test(text)) return bad("what joins directories to a name is text without /", "-");
  return Buffer.byteLength(text) <= 16 ? good(text) : bad("what joins directories to a name has at most 16 bytes");
}

function parseFileName(text: string): Parsed<string> {
  if (text === "" || /[/\0]/.test(text)) return bad("a name has no / in it, and is not empty");
  const fault = nameFault(text);
  if (fault !== null) return bad(fault, /^[\w.-]+$/.test(text) ? `DESTFN=${text}` : undefined);
  return Buffer.byteLength(text) <= 255 ? good(text) : bad(`the name ${quote(text)} has more than 255 bytes`);
}

const into = textField({ title: "path", examples: ["runs/${YYYYMMDD}"], parse: parseInto });
laterVariables.set(into, isMessageVariable);
const fileName = textField({ title: "name", examples: ["DESTFN=latest"], parse: parseFileName });

const strip = textField({
  title: "number, or regular expression",
  pattern: String.raw`^[\s\S]+$`,
  examples: ["1", "^home/[^/]+/"],
  parse: parseStrip,
});

/** Where a file goes. */
const placing = {
  into: into
    .prefault("")
    .describe(
      "The directory below the destination's. `${YYYYMMDD}`, `${SOURCE}`, `${1}` and the like are filled in from each message: see the guide's page on messages.",
    ),
  mirror: z.boolean().prefault(true).describe("Whether the directories of the relative path are kept."),
  strip: strip.prefault("0").describe("So many leading directories are left out; or what the expression matches first."),
  flatten: textField({ title: "text", examples: ["-"], parse: parseFlatten })
    .optional()
    .describe("The directories become part of the name, joined by this."),
  name: fileName
    .optional()
    .describe("Another name for the file, as Sarracenia's `filename` says it: `WHATFN`, `HEADFN`, `NONE`, `DESTFN=NAME` and others."),
};

const expression = textField({ title: "regular expression", parse: parseExpression });

/** The keys of a source that say what is wanted, and where it goes. */
export const routeKeys = {
  routes: z
    .array(
      z.strictObject({
        accept: expression.optional().describe("What this matches is wanted, and goes as the rest of the route says."),
        reject: expression.optional().describe("What this matches is not wanted."),
        ...placing,
      }),
    )
    .min(1)
    .max(1000)
    .meta({ title: "list of routes" })
    .optional()
    .describe("With `subscribe`, in place of `accept` and `reject`: where each file goes. The first that matches decides."),
  unmatched: z
    .union([z.enum(["accept", "reject"]), z.strictObject(placing)])
    .prefault("accept")
    .meta({ title: "accept, reject, or a route without an expression" })
    .describe("With `subscribe`: what becomes of what no route matches."),
};

type Placing = z.output<z.ZodObject<typeof placing>>;
export type RouteValue = NonNullable<z.output<(typeof routeKeys)["routes"]>>[number];
type UnmatchedValue = z.output<(typeof routeKeys)["unmatched"]>;

const straight: Route = { accepts: true, pattern: null, into: "", mirror: true, strip: { kind: "none" }, flatten: null, name: null };

export function routesOf(written: readonly RouteValue[] | undefined): Route[] {
  return (written ?? []).map((value) =>
    // A rule has seen to it that there is one of the two.
    value.accept === undefined
      ? { ...straight, accepts: false, pattern: value.reject ?? null }
      : { ...placed(value), pattern: value.accept },
  );
}

export function unmatchedOf(value: UnmatchedValue): Route | null {
  if (value === "reject") return null;
  return value === "accept" ? straight : placed(value);
}

function placed(value: Placing): Route {
  const { into: directory, mirror, strip: stripped, flatten, name } = value;
  return { accepts: true, pattern: null, into: directory, mirror, strip: stripped, flatten: flatten ?? null, name: name ?? null };
}
