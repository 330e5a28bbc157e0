import { formatSize } from "../../../config/units.ts";
import { redact } from "../../../kernel/redact.ts";
import type { NativeEntry } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import type { BrokerUrl } from "../broker-url.ts";
import { expandHome } from "../place-in-tree.ts";
import { announcing, clean } from "../poster.ts";
import type { Configuration } from "../reader.ts";
import { brokerEntries, brokerFault, brokerOf, type BrokerContext, prefixEntry } from "./broker-keys.ts";

/** Where messages say that files are. null: as in the messages that came. */
export type Whereabouts = { baseUrl: string; pathPrefix: string; from: readonly At[] } | null;

/** What is published, and to whom; null: `post_broker` is missing or is none. */
export function publisherOf(configuration: Configuration): { broker: BrokerUrl; exchange: string } | null {
  const broker = brokerOf(configuration, "post_broker");
  const { exchange } = announcing(configuration.effective, configuration.component);
  return broker === null || exchange === null ? null : { broker, exchange };
}

/** The keys of `destination.publish` and of `announce`. */
export function publicationEntries(
  configuration: Configuration,
  to: { broker: BrokerUrl; exchange: string },
  where: Whereabouts,
  context: BrokerContext,
  remarks: Remarks,
): NativeEntry[] {
  const { effective } = configuration;
  const at = (option: string): At[] => [effective.at(option)].filter((one) => one !== null);
  const split = effective.number("post_exchangeSplit");
  const source = effective.isWritten("source") ? effective.text("source") : null;
  const entries: NativeEntry[] = [
    ...brokerEntries(configuration, "post_broker", to.broker, context, remarks),
    { key: "exchange", value: to.exchange, from: at("post_exchange") },
  ];
  if (split > 1) {
    entries.push({ key: "split", value: split, from: at("post_exchangeSplit") });
    if (configuration.component === "cpost")
      remarks.note(
        effective.at("post_exchangeSplit"),
        "post_exchangeSplit: the C library spreads messages by another rule than sr3 in Python; hotdir does as Python does: a file stays in one exchange either way",
      );
  }
  entries.push(...prefixEntry(configuration, "post_topicPrefix", remarks));
  if (!effective.flag("exchangeDeclare")) entries.push({ key: "declare", value: false, from: at("exchangeDeclare") });
  if (where !== null) {
    entries.push({ key: "base_url", value: where.baseUrl, from: where.from });
    if (where.pathPrefix !== "") entries.push({ key: "path_prefix", value: where.pathPrefix });
  }
  if (source !== null) entries.push({ key: "source", value: source, from: at("source") });
  const headers = headerEntries(configuration, remarks);
  if (headers.length > 0) entries.push({ key: "headers", value: headers });
  if (effective.flag("inline"))
    entries.push({ key: "inline", value: formatSize(effective.number("inlineByteMax")), from: [...at("inline"), ...at("inlineByteMax")] });
  return entries;
}

function headerEntries({ effective }: Configuration, remarks: Remarks): NativeEntry[] {
  const known = new Map<string, NativeEntry>();
  for (const { value, at } of effective.each("header")) {
    if (value.type !== "text" || value.text === null || at === null) continue;
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(value.text) ?? [];
    if (key === undefined || text === undefined) remarks.error(at, "header: name=value is wanted");
    else if (!/^[A-Za-z_][\w.-]{0,63}$/.test(key)) remarks.error(at, `header: ${redact(key)} is no name of letters, digits, dots, - and _`);
    else known.set(key, { key, value: text, from: [at] });
  }
  return [...known.values()];
}

/**
 * As sr3 names what it has put into `directory`: post_baseUrl, and the path without post_baseDir and without the path of the URL.
 * null: there is no post_baseUrl.
 */
export function whereaboutsOf({ effective }: Configuration, directory: string, homeDirectory: string): Whereabouts {
  const baseUrl = effective.text("post_baseUrl");
  if (baseUrl === null) return null;
  const ofUrl = /^(?:file|sftp):(?:\/\/[^/]*)?(\/.*)?$/.exec(baseUrl)?.[1] ?? null;
  const written = effective.text("post_baseDir") ?? ofUrl ?? effective.text("baseDir");
  const base = written === null ? "/" : clean(expandHome(written, homeDirectory));
  const once = withoutFront(directory, base);
  const path = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?(\/.*)?$/i.exec(baseUrl)?.[1];
  const prefix = once === directory && path !== undefined ? withoutFront(once, clean(path)) : once;
  const at = effective.at("post_baseUrl");
  return { baseUrl, pathPrefix: prefix.replace(/^\/+/, ""), from: at === null ? [] : [at] };
}

function withoutFront(path: string, front: string): string {
  if (front === "/" || path === front) return path === front ? "" : path;
  return path.startsWith(`${front}/`) ? path.slice(front.length) : path;
}

/** What is announced after a delivery; nothing where `post_broker` is none, as sr3 goes on then. */
export function announceEntry(
  configuration: Configuration,
  directory: string,
  fallback: Whereabouts,
  context: BrokerContext,
  remarks: Remarks,
): NativeEntry[] {
  const { effective, file } = configuration;
  const url = effective.text("post_broker");
  if (url === null) return [];
  const to = publisherOf(configuration);
  if (to === null) {
    remarks.note(effective.at("post_broker"), `post_broker: ${brokerFault(redact(url))}; deliveries are not announced`);
    return [];
  }
  const where = whereaboutsOf(configuration, directory, context.homeDirectory);
  if (where !== null) checkBaseUrl(configuration, where.baseUrl, remarks);
  if (where === null)
    remarks.assumed(
      { file, line: 1 },
      `deliveries are announced ${fallback === null ? "below the destination's URL" : `below ${fallback.baseUrl}`}: without post_baseUrl sr3 names them by where they came from`,
    );
  return [{ key: "announce", value: publicationEntries(configuration, to, where ?? fallback, context, remarks) }];
}

export function checkBaseUrl({ effective }: Configuration, baseUrl: string, remarks: Remarks): void {
  const at = effective.at("post_baseUrl");
  if (baseUrl.includes("${")) remarks.error(at, `post_baseUrl: ${redact(baseUrl)} depends on each message, which a flow's does not`);
  if (/^[a-z]+:\/\/[^/]*:[^/]*@/i.test(baseUrl)) remarks.error(at, "post_baseUrl: the password in it would be told to all who subscribe");
}
