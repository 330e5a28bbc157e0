import { type RelPath, textOf } from "../../kernel/path.ts";

/** MQTT's bound of a topic's length, less what stands before the path in ours. */
const TOPIC_BYTES_MAX = 60_000;

/** mosquitto takes 200, and ends the connection of whoever names more. */
const LEVELS_MAX = 190;

/**
 * What no level of a topic may hold: the wildcards, and what brokers refuse a whole connection for (controls, NUL among
 * them, and what Unicode calls no character): one such name of a directory would end every connection that tells of it.
 */
const unwanted = /[#+\p{Cc}\p{Noncharacter_Code_Point}]/gu;

/**
 * The topic of a path: the exchange, which MQTT does not have, is the first level; then the prefix and the directories. `#`
 * and `+` are written as sr3 writes them (`%23`, `%2B`). Too long a topic ends early: `#` still finds it.
 */
export function topicOf(exchange: string, prefix: readonly string[], path: RelPath): string {
  const levels = [
    exchange,
    ...prefix,
    ...path
      .split("/")
      .slice(0, -1)
      .map((name) => textOf(name as RelPath)),
  ].map(escaped);
  const kept: string[] = [];
  let bytes = 0;
  for (const level of levels.slice(0, LEVELS_MAX)) {
    bytes += Buffer.byteLength(level) + 1;
    if (bytes > TOPIC_BYTES_MAX) break;
    kept.push(level);
  }
  return kept.join("/");
}

type Wanted = { queue: string; exchange: string; topicPrefix: readonly string[]; subtopics: readonly string[] };

/** What a queue takes: a shared subscription for each subtopic, so that each message comes to one of its hosts. */
export function filtersOf(wanted: Wanted): string[] {
  return plainFiltersOf(wanted).map((filter) => sharedBy(wanted.queue, filter));
}

/** The same for a session that shares them with nobody. */
export function plainFiltersOf({ exchange, topicPrefix, subtopics }: Wanted): string[] {
  return subtopics.map((subtopic) => [...[exchange, ...topicPrefix].map(escaped), ...levelsOf(subtopic)].join("/"));
}

/** As in AMQP, where `*` is one level and levels may be apart by dots. Only the last may be `#`. */
function levelsOf(subtopic: string): string[] {
  const apart = subtopic.includes("/") ? "/" : ".";
  const levels = subtopic.split(apart).map((level) => (level === "*" ? "+" : level));
  const all = levels.indexOf("#");
  return all < 0 ? levels : levels.slice(0, all + 1);
}

function sharedBy(queue: string, filter: string): string {
  return `$share/${oneLevel(queue)}/${filter}`;
}

/** Messages for this queue alone: dead letters that a person gave back. */
export function returnTopicOf(queue: string): string {
  return `hotdir/${oneLevel(queue)}/again`;
}

export function returnFilterOf(queue: string): string {
  return sharedBy(queue, returnTopicOf(queue));
}

/** Dead letters are retained messages, each under a topic of its own: any host can list them, and they outlive all. */
export function deadTopicOf(queue: string, id: string): string {
  return `hotdir/${oneLevel(queue)}/dead/${id}`;
}

/** How each host of the queue stands, retained: who is gone is read here, and what its session still holds is taken over. */
export function hostTopicOf(queue: string, id: string): string {
  return `hotdir/${oneLevel(queue)}/hosts/${id}`;
}

/** Null: it is no such topic. */
export function hostIdOf(queue: string, topic: string): string | null {
  const prefix = hostTopicOf(queue, "");
  const id = topic.startsWith(prefix) ? topic.slice(prefix.length) : "";
  return /^[0-9a-f]{12}$/.test(id) ? id : null;
}

/** What a session is asked whether all that it held has come. */
export function endTopicOf(queue: string, id: string): string {
  return `hotdir/${oneLevel(queue)}/end/${id}`;
}

/** One level, whatever the name holds. */
function oneLevel(name: string): string {
  return escaped(name).replaceAll("/", "%2F");
}

function escaped(text: string): string {
  return text.replaceAll(unwanted, (character) => encodeURIComponent(character));
}
