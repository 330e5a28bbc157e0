import type { Json } from "./difference.ts";
import { duration, expressions, isMap, list, part, size, text, type WrittenKey } from "./written-values.ts";

const orNone =
  (show: (value: Json) => string) =>
  (value: Json): string =>
    value === null ? "none" : show(value);

const orNever = (value: Json): string => (value === null ? "never" : duration(value));
const prefix = (value: Json): string => (Array.isArray(value) ? value.map(text).join(".") : text(value));

function brokerKeys(key: string, path: string): WrittenKey[] {
  return [
    { key: `${key}.broker`, gives: [`${path}.broker.url`], show: orNone(text) },
    { key: `${key}.credentials`, gives: [`${path}.broker.credentialsFile`], show: orNone(text) },
    { key: `${key}.ca`, gives: [`${path}.broker.caFile`], show: orNone(text) },
    { key: `${key}.exchange`, gives: [`${path}.exchange`], show: orNone(text) },
    { key: `${key}.prefix`, gives: [`${path}.topicPrefix`], show: orNone(prefix) },
    { key: `${key}.declare`, gives: [`${path}.declare`], show: orNone(text) },
  ];
}

/** Of `destination.publish` and of `announce`. */
export function publicationKeys(key: string, path: string): WrittenKey[] {
  return [
    ...brokerKeys(key, path),
    { key: `${key}.split`, gives: [`${path}.split`], show: orNone(text) },
    { key: `${key}.base_url`, gives: [`${path}.baseUrl`], show: orNone(text) },
    { key: `${key}.path_prefix`, gives: [`${path}.pathPrefix`], show: orNone((value) => (value === "" ? "none" : text(value))) },
    { key: `${key}.source`, gives: [`${path}.source`], show: orNone(text) },
    { key: `${key}.headers`, gives: [`${path}.headers`], show: orNone(text) },
    { key: `${key}.inline`, gives: [`${path}.inlineMaxBytes`], show: orNone((value) => `${size(value)}${value === 0 ? "B" : ""}`) },
  ];
}

const subscription = "source.subscription";

/** Of a source that has messages for changes. */
export const subscriptionKeys: WrittenKey[] = [
  ...brokerKeys("source.subscribe", subscription),
  { key: "source.subscribe.topics", gives: [`${subscription}.subtopics`], show: orNone(list) },
  { key: "source.subscribe.queue", gives: [`${subscription}.queue`], show: orNone(text) },
  { key: "source.subscribe.durable", gives: [`${subscription}.durable`], show: orNone(text) },
  { key: "source.subscribe.expire", gives: [`${subscription}.expireMs`], show: orNever },
  { key: "source.subscribe.message_ttl", gives: [`${subscription}.messageTtlMs`], show: orNever },
  { key: "source.subscribe.priority", gives: [`${subscription}.priority`], show: orNone(text) },
  { key: "source.subscribe.prefetch", gives: [`${subscription}.prefetch`], show: orNone(text) },
  { key: "source.base", gives: ["source.base", "source.root", "source.kind"], from: "source", show: base },
  { key: "source.ssh", gives: ["source.ssh"], show: orNone(list) },
  { key: "source.match", gives: ["source.match"], show: orNone(text) },
  { key: "source.routes", gives: ["source.routes"], show: orNone((value) => `[${(value as Json[]).map(route).join(", ")}]`) },
  // What a source without messages has there, and what is not wanted, are told by the kind of the source.
  { key: "source.unmatched", gives: ["source.unmatched"], show: orNone((value) => (route(value) === "{}" ? "accept" : route(value))) },
  { key: "source.duplicates", gives: ["source.duplicatesMs"], show: orNone(duration) },
];

function base(source: Json): string {
  if (part(source, "kind") !== "subscribed") return "none";
  return part(source, "base") === "url" ? "url" : text(part(source, "root") ?? null);
}

function route(value: Json): string {
  const of = (name: string): Json => part(value, name) ?? null;
  const pattern = of("pattern");
  const strip = part(of("strip"), "count") ?? part(of("strip"), "expression") ?? null;
  const written = {
    ...(pattern === null ? {} : { [of("accepts") === true ? "accept" : "reject"]: expressions([pattern]).slice(1, -1) }),
    ...(of("into") === "" ? {} : { into: of("into") }),
    ...(of("mirror") === true ? {} : { mirror: of("mirror") }),
    ...(strip === null ? {} : { strip: typeof strip === "number" ? strip : expressions([strip]).slice(1, -1) }),
    ...(of("flatten") === null ? {} : { flatten: of("flatten") }),
    ...(of("name") === null ? {} : { name: of("name") }),
  };
  return isMap(written) ? text(written) : "";
}
