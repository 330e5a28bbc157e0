import type { At, Remarks } from "../remark.ts";
import { type BrokerUrl, parseBrokerUrl } from "./broker-url.ts";
import type { Component } from "./configuration-file.ts";
import { expandHome } from "./place-in-tree.ts";
import type { Mask } from "./masks.ts";
import type { Configuration } from "./reader.ts";
import type { Effective } from "./settings.ts";

/** A configuration that announces local files: a watch, a post, or the C library's. */
export type Poster = {
  kind: "watch" | "post" | "cpost";
  configuration: Configuration;
  broker: BrokerUrl | null;
  exchange: string | null;
  /** What its messages' addresses begin with, without a slash at the end. */
  baseUrl: string;
  /** What is cut from the front of a path, `/` included where it is the root; null: nothing. */
  baseDir: string | null;
  paths: string[];
  masks: Mask[];
  /** Over how many exchanges its messages are spread; 0: one. */
  split: number;
};

/** null: it posts nothing; why is in the remarks. */
export function posterOf(configuration: Configuration, homeDirectory: string, remarks: Remarks): Poster | null {
  const { component, effective } = configuration;
  if (component !== "watch" && component !== "post" && component !== "cpost") return null;
  const here: At = { file: configuration.file, line: 1 };
  const baseUrl = effective.text("post_baseUrl");
  const paths = effective.members("path").map((path) => clean(expandHome(path, homeDirectory)));
  if (baseUrl === null) remarks.error(here, `${component} needs post_baseUrl, which sr3 asks for as well`);
  if (component === "watch" && paths.length === 0) remarks.error(here, "watch needs path: what is it to watch?");
  const relative = paths.find((path) => !path.startsWith("/"));
  if (relative !== undefined)
    remarks.error(effective.at("path"), `path: ${relative} is relative, and where it begins depends on where sr3 is started`);
  if (baseUrl === null || relative !== undefined || (component === "watch" && paths.length === 0)) return null;
  const ofUrl = /^(?:file|sftp):(?:\/\/[^/]*)?(\/.*)?$/.exec(baseUrl)?.[1] ?? null;
  const base = effective.text("post_baseDir") ?? ofUrl ?? effective.text("baseDir");
  return {
    kind: component,
    configuration,
    ...announcing(effective, component),
    baseUrl: baseUrl.replace(/\/+$/, ""),
    baseDir: base === null ? null : clean(expandHome(base, homeDirectory)),
    paths,
    masks: component === "cpost" ? masksOf(effective).map(unanchored) : masksOf(effective),
    split: effective.number("post_exchangeSplit"),
  };
}

/** The C library looks anywhere in the path, and not in the address. */
function unanchored(mask: Mask): Mask {
  return { ...mask, pattern: `.*(?:${mask.pattern})` };
}

/** Which broker and exchange it posts to. */
export function announcing(effective: Effective, component: Component): { broker: BrokerUrl | null; exchange: string | null } {
  const broker = parseBrokerUrl(effective.text("post_broker") ?? "");
  const written = effective.isWritten("post_exchange") ? effective.text("post_exchange") : null;
  const suffix = effective.text("post_exchangeSuffix");
  return { broker, exchange: written ?? (broker === null || component === "cpost" ? null : presetExchange(broker, suffix)) };
}

export function presetExchange(broker: BrokerUrl, suffix: string | null): string {
  const name = broker.user === "anonymous" ? "xpublic" : `xs_${broker.user}`;
  return suffix === null || suffix === "" ? name : `${name}_${suffix}`;
}

export function masksOf(effective: Effective): Mask[] {
  return effective.all.flatMap(({ option, value, at }) =>
    value.type === "mask" ? [{ accepts: option === "accept", pattern: value.pattern, at }] : [],
  );
}

/** Without a slash at the end, and with one where there are several. */
export function clean(path: string): string {
  const single = path.replaceAll(/\/{2,}/g, "/").replaceAll(/\/\.(?=\/|$)/g, "");
  return single === "/" || single === "" ? "/" : single.replace(/\/$/, "");
}

/** What addresses of files below `directory` begin with, and the path that messages have for it (relPath, with a slash at its end where it is one). */
export function addressing(poster: Poster, directory: string): { prefix: string; relative: string } {
  const base = poster.baseDir;
  const inside = base !== null && (directory === base || base === "/" || directory.startsWith(`${base}/`));
  const rest = inside ? directory.slice(base === "/" ? 0 : base.length) : directory;
  const relative = rest.replace(/^\/+/, "");
  const below = relative === "" ? "" : `${relative}/`;
  return { prefix: `${poster.baseUrl}/${below}`, relative: below };
}
