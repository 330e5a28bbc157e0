import type { Component } from "../configuration-file.ts";
import type { Carried } from "../option.ts";
import { options } from "../options.ts";

/** What a configuration does with messages. */
export type Role = "poster" | "sender" | "download" | "relay";

const roles: Partial<Record<Component, Role>> = {
  watch: "poster",
  post: "poster",
  cpost: "poster",
  sender: "sender",
  subscribe: "download",
  sarra: "download",
  shovel: "relay",
  winnow: "relay",
};

/** null: hotdir has nothing for it. */
export function roleOf(component: Component): Role | null {
  return roles[component] ?? null;
}

const subscribing: readonly Role[] = ["sender", "download", "relay"];
const moving: readonly Role[] = ["sender", "download"];
const posting: readonly Role[] = ["poster"];
const every: readonly Role[] = ["poster", "sender", "download", "relay"];

const publication = "destination.publish, or announce where files are moved";
const needsNothing = "the broker's connection is kept, and made again, by itself";
const other = "only Sarracenia's own form of messages (v03) is read and written";

/** What becomes of an option over a broker, where that is not as without one; and who makes use of it. */
type Row = readonly [name: string, used: readonly Role[], how: Carried["how"], what: string];

const rows: readonly Row[] = [
  ["broker", subscribing, "into", "source.subscribe.broker"],
  ["exchange", subscribing, "into", "source.subscribe.exchange"],
  ["exchangeSuffix", subscribing, "into", "source.subscribe.exchange"],
  ["topicPrefix", subscribing, "into", "source.subscribe.prefix"],
  ["subtopic", subscribing, "into", "source.subscribe.topics"],
  ["queueName", subscribing, "into", "source.subscribe.queue; the name that sr3 noted in its cache counts more"],
  ["queueShare", subscribing, "into", "source.subscribe.queue; the name that sr3 noted in its cache counts more"],
  ["queueBind", subscribing, "into", "source.subscribe.declare"],
  ["queueDeclare", subscribing, "into", "source.subscribe.declare"],
  ["durable", subscribing, "into", "source.subscribe.durable"],
  ["expire", subscribing, "into", "source.subscribe.expire"],
  ["messageAgeMax", subscribing, "into", "source.subscribe.message_ttl"],
  ["prefetch", subscribing, "into", "source.subscribe.prefetch"],
  ["post_broker", every, "into", `${publication}: broker`],
  ["post_exchange", every, "into", `${publication}: exchange`],
  ["post_exchangeSuffix", every, "into", `${publication}: exchange`],
  ["post_exchangeSplit", every, "into", `${publication}: split`],
  ["post_topicPrefix", every, "into", `${publication}: prefix`],
  ["post_baseUrl", every, "into", `${publication}: base_url`],
  ["post_baseDir", every, "into", `${publication}: path_prefix`],
  ["exchangeDeclare", every, "into", `${publication}: declare`],
  ["source", every, "into", `${publication}: source`],
  ["header", every, "into", `${publication}: headers`],
  ["inline", every, "into", `${publication}: inline`],
  ["inlineByteMax", every, "into", `${publication}: inline`],
  ["inlineEncoding", every, "needless", "what is no text is written in base64, as sr3 guesses it"],
  ["nodupe_ttl", subscribing, "into", "source.duplicates; a watch tells of each version of a file once anyway"],
  ["mdelay", subscribing, "into", "source.settle, with its plugin"],
  ["fdelay", subscribing, "into", "source.settle, with its plugin"],
  [
    "baseDir",
    ["poster", "sender", "download"],
    "into",
    "source.base; in sarra and subscribe strip of source.routes; in a watch where the paths of messages begin",
  ],
  ["directory", subscribing, "into", "destination.url, and into of source.routes where lines have several or it has variables"],
  ["mirror", subscribing, "into", "source.routes: mirror"],
  ["strip", subscribing, "into", "source.routes: strip"],
  ["flatten", subscribing, "into", "source.routes: flatten"],
  ["filename", subscribing, "into", "source.routes: name"],
  ["baseUrl_relPath", subscribing, "into", "source.routes: into"],
  ["sundew_compat_regex_first_match_is_zero", subscribing, "into", "source.routes: into"],
  ["varTimeOffset", subscribing, "into", "source.routes: into"],
  ["accept", every, "into", "source.accept, or source.routes where messages are subscribed to"],
  ["reject", every, "into", "source.reject, or source.routes where messages are subscribed to"],
  ["acceptUnmatched", every, "into", "source.accept, or source.unmatched where messages are subscribed to"],
  ["fileEvents", ["poster", "sender", "download"], "into", "source.propagate"],
  ["fileAgeMin", every, "into", "source.settle"],
  ["inflight", every, "into", "destination.inflight, or source.settle where it is a time"],
  ["instances", moving, "into", "destination.lanes"],
  ["byteRateMax", moving, "into", "destination.bandwidth (the rate of one process, times instances)"],
  ["permCopy", ["poster", "sender", "download"], "into", "destination.preserve"],
  ["timeCopy", ["poster", "sender", "download"], "into", "destination.preserve"],
  ["attempts", moving, "into", "retry.attempts"],
  ["retry_ttl", moving, "into", "retry.attempts"],
  ["identity", ["poster", "sender"], "into", "destination.verify: in a watch or post the digest that messages carry"],
  ["vip", every, "into", "vip"],
  ["logLevel", every, "into", "log"],
  ["debug", every, "into", "log"],
  ["path", posting, "into", "source.directory"],
  ["recursive", posting, "into", "source.reject"],
  ["sleep", posting, "into", "source.rescan, of a watch"],
  ["sendTo", ["sender"], "into", "destination.url"],
  ["delete_source", ["sender"], "into", "retain; in a subscribe that does not download destination.remove"],
  ["accelThreshold", ["sender"], "into", "destination.accelerate.above"],
  ["accelScpCommand", ["sender"], "into", "destination.accelerate.command"],
  ["exchangeSplit", subscribing, "left", "each of several exchanges has a configuration of its own"],
  ["queueType", subscribing, "left", "queues are classic ones, as sr3 makes them"],
  ["auto_delete", subscribing, "left", "the queue stays, so that nothing is lost while nobody listens"],
  ["persistent", every, "left", "messages are always kept on the broker's disk"],
  ["messageRateMin", every, "left", "hotdir status tells how far a flow is behind"],
  ["messageDebugDump", every, "left", "hotdir explain tells of each file"],
  ["amqp_consumer", subscribing, "needless", "the broker always hands messages over by itself, as fast as they are worked on"],
  ["post_topic", every, "left", "topics are made of paths"],
  ["topic", subscribing, "left", "topics are made of paths"],
  ["topicCopy", every, "left", "topics are made of paths"],
  ["post_format", every, "left", other],
  ["tlsRigour", every, "left", "certificates are always checked: source.subscribe.ca names an authority of your own"],
  ["sourceFromExchange", every, "left", "a message keeps who announced it"],
  ["sourceFromMessage", every, "needless", "a message keeps who announced it"],
  ["inlineOnly", every, "left", "what is too large to be in its message is fetched"],
  ["report", every, "left", "reports are not sent: announce tells of deliveries"],
  ["report_exchange", every, "left", "reports are not sent: announce tells of deliveries"],
  ["reconnect", every, "needless", needsNothing],
  ["reset", every, "left", "hotdir cleanup removes a queue"],
  ["restore", every, "needless", "what is to be done is in the ledger"],
  ["save", every, "needless", "what is to be done is in the ledger"],
  ["cluster", every, "left", "there are no clusters of brokers in messages"],
  ["auto_ack", every, "left", "a message is acknowledged when its outcome is on disk, and never before"],
  ["clean_session", every, "needless", needsNothing],
  ["qos", every, "needless", "messages come at least once, and do nothing twice"],
  ["max_inflight_messages", every, "needless", needsNothing],
  ["max_queued_messages", every, "needless", needsNothing],
  ["receiveMaximum", every, "needless", needsNothing],
  ["v2compatRenameDoublePost", every, "left", other],
  ["accelCpCommand", moving, "left", "what is on this machine is copied, and read back, without another program"],
  ["accelWgetCommand", moving, "left", "what is fetched comes over connections of hotdir's own, and goes on where it was after a break"],
  ["httpsSafeQuote", every, "left", "paths are encoded as the standard says"],
];

const byName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row[0], row]));

/** What becomes of an option over a broker, and in which roles; null for the roles: whoever writes it. */
export function fateOf(option: string): { carried: Carried; used: readonly Role[] | null } | null {
  const row = byName.get(option);
  if (row !== undefined) return { carried: { how: row[2], what: row[3] }, used: row[1] };
  const carried = options.get(option)?.carried;
  return carried === undefined ? null : { carried, used: null };
}

/** Every option of a broker's has a word here: what is said of one without a broker would be wrong. */
export function hasOwnFate(option: string): boolean {
  return byName.has(option);
}
