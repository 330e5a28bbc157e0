import { expect, it } from "vitest";
import { renderFaults } from "./fault.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const subscribe = "broker: 'amqps://bob@hub', exchange: xs_bob";
const publish = "broker: 'amqps://bob@hub', exchange: out";
const watched = "source: {directory: /data/in}";
const told = `source: {subscribe: {${subscribe}}}`;
const mirror = "destination: {url: 'file:/mirror'}";
const toOthers = `destination: {publish: {${publish}}}`;

function flow(...lines: string[]): string {
  return ["flows:", "  a:", ...lines.map((line) => `    ${line}`)].join("\n");
}
const source = (more: string, of = subscribe): string => flow(`source: {subscribe: {${of}}, ${more}}`, mirror);
const subscription = (more: string, of = subscribe): string => flow(`source: {subscribe: {${of}, ${more}}}`, mirror);
const publication = (more: string, of = publish): string => flow(watched, `destination: {publish: {${of}, ${more}}}`);

type Expected = { path: string; message: RegExp; suggestion?: string };

/** Each text with the one fault that it must give, in its third line unless the table says otherwise. */
const table: Array<[title: string, text: string, expected: Expected, line?: number]> = [
  // One of each.
  ["a directory and messages", source("directory: /d"), { path: "source.subscribe", message: /either directory or subscribe/ }],
  ["posts and messages", source("posts: true"), { path: "source.subscribe", message: /either posts or subscribe/ }],
  ["no source", flow("source: {}", mirror), { path: "source", message: /messages to subscribe to/ }],
  ["no destination", flow(watched, "destination: {}"), { path: "destination", message: /needs a url/ }, 4],
  [
    "a directory to write, and messages",
    flow(watched, `destination: {url: 'file:/o', publish: {${publish}}}`),
    { path: "destination.publish", message: /either url or publish/ },
    4,
  ],
  // Addresses.
  [
    "a password in a broker's address",
    subscription("declare: true", "broker: 'amqp://bob:hunter2@hub/v', exchange: x"),
    { path: "source.subscribe.broker", message: /credentials file/, suggestion: "amqp://bob@hub/v" },
  ],
  [
    "a password with a slash and an @ in it",
    subscription("declare: true", "broker: 'amqp://bob:hun/t@er2@hub', exchange: x"),
    { path: "source.subscribe.broker", message: /credentials file/, suggestion: "amqp://bob@hub" },
  ],
  [
    "a broker's host alone",
    subscription("declare: true", "broker: bob@hub, exchange: x"),
    { path: "source.subscribe.broker", message: /amqps:\/\/user@host/, suggestion: "amqps://bob@hub" },
  ],
  [
    "another protocol",
    subscription("declare: true", "broker: 'https://hub', exchange: x"),
    { path: "source.subscribe.broker", message: /amqp:, amqps:, mqtt: or mqtts:/ },
  ],
  [
    "a virtual host of MQTT",
    subscription("declare: true", "broker: 'mqtt://bob@hub/v', exchange: x"),
    { path: "source.subscribe.broker", message: /no virtual hosts/ },
  ],
  [
    "a broker without a host",
    publication("split: 1", "broker: 'amqps://', exchange: x"),
    { path: "destination.publish.broker", message: /no host/ },
    4,
  ],
  // Names and topics.
  [
    "no exchange",
    subscription("declare: true", "broker: 'amqp://u@h'"),
    { path: "source.subscribe.exchange", message: /"exchange" is missing/ },
  ],
  [
    "an exchange with a slash",
    subscription("declare: true", "broker: 'amqp://u@h', exchange: a/b"),
    { path: "source.subscribe.exchange", message: /no \// },
  ],
  [
    "an exchange of nothing",
    publication("split: 1", "broker: 'amqp://u@h', exchange: ''"),
    { path: "destination.publish.exchange", message: /has a name/ },
    4,
  ],
  [
    "a prefix with a wildcard",
    subscription("prefix: 'v03.#'"),
    { path: "source.subscribe.prefix", message: /apart by dots/, suggestion: "v03" },
  ],
  [
    "a topic with an empty word",
    subscription("topics: ['a..b']"),
    { path: "source.subscribe.topics[0]", message: /words, apart by/, suggestion: "#" },
  ],
  [
    "a topic like a shell's pattern",
    subscription("topics: ['lab/*.nc', 'run*']"),
    { path: "source.subscribe.topics[1]", message: /alone/ },
  ],
  [
    "one topic that is no list",
    subscription("topics: '#'"),
    { path: "source.subscribe.topics", message: /expected list of topics/, suggestion: "['#']" },
  ],
  ["no topic", subscription("topics: []"), { path: "source.subscribe.topics", message: /empty/ }],
  ["a queue of the broker's", subscription("queue: amq.gen-1"), { path: "source.subscribe.queue", message: /the broker's own/ }],
  [
    "a queue without a user to name it by",
    subscription("declare: true", "broker: 'amqps://hub', exchange: x"),
    { path: "source.subscribe.broker", message: /named after the broker's user/, suggestion: "amqps://USER@hub" },
  ],
  [
    "a wildcard in the middle with MQTT",
    subscription("topics: ['#/raw']", "broker: 'mqtt://bob@hub', exchange: x"),
    { path: "source.subscribe.topics[0]", message: /last word/ },
  ],
  [
    "a queue with a slash with MQTT",
    subscription("queue: a/b", "broker: 'mqtt://bob@hub', exchange: x"),
    { path: "source.subscribe.queue", message: /with MQTT a queue/ },
  ],
  [
    "what only a queue of RabbitMQ has, with MQTT",
    subscription("priority: 3", "broker: 'mqtt://bob@hub', exchange: x"),
    { path: "source.subscribe.priority", message: /does nothing with MQTT/ },
  ],
  // Times and numbers.
  [
    "a queue that ends at once",
    subscription("expire: 0s"),
    { path: "source.subscribe.expire", message: /less than a second/, suggestion: "never" },
  ],
  [
    "a queue that lasts longer than brokers take",
    subscription("expire: 3651d"),
    { path: "source.subscribe.expire", message: /at most 3650d/, suggestion: "never" },
  ],
  ["off for never", subscription("message_ttl: off"), { path: "source.subscribe.message_ttl", message: /or never/, suggestion: "never" }],
  ["no prefetch", subscription("prefetch: 0"), { path: "source.subscribe.prefetch", message: /at least 1/, suggestion: "1" }],
  ["too wide a split", publication("split: 101"), { path: "destination.publish.split", message: /at most 100/, suggestion: "100" }, 4],
  [
    "large files in messages",
    publication("inline: 1M"),
    { path: "destination.publish.inline", message: /at most 512K/, suggestion: "512K" },
    4,
  ],
  // Where files are.
  [
    "a password in a base URL",
    publication("base_url: 'sftp://u:pw@h/d'"),
    { path: "destination.publish.base_url", message: /told to all/ },
    4,
  ],
  [
    "a directory for a base URL",
    publication("base_url: /data"),
    { path: "destination.publish.base_url", message: /has a scheme/, suggestion: "file:/data" },
    4,
  ],
  ["a relative file: URL", publication("base_url: 'file:data'"), { path: "destination.publish.base_url", message: /whole path/ }, 4],
  [
    "an absolute path prefix",
    publication("path_prefix: /home/bob"),
    { path: "destination.publish.path_prefix", message: /without \//, suggestion: "home/bob" },
    4,
  ],
  [
    "a path prefix that leads out",
    publication("path_prefix: ../x"),
    { path: "destination.publish.path_prefix", message: /without \.\./ },
    4,
  ],
  [
    "a header of the format's",
    publication("headers: {pubTime: x}"),
    { path: "destination.publish.headers.pubTime", message: /made for each/ },
    4,
  ],
  ["a header with a blank", publication("headers: {a b: x}"), { path: 'destination.publish.headers."a b"', message: /is no name/ }, 4],
  // Routes.
  ["accept beside routes", source("accept: [x], routes: [{accept: y}]"), { path: "source.accept", message: /one of the routes/ }],
  ["unmatched beside reject", source("reject: [x], unmatched: reject"), { path: "source.unmatched", message: /goes with routes/ }],
  ["nothing wanted", source("unmatched: reject"), { path: "source.unmatched", message: /nothing would be wanted/ }],
  ["a route of both", source("routes: [{accept: x, reject: y}]"), { path: "source.routes[0].reject", message: /either accept or reject/ }],
  ["a route of neither", source("routes: [{accept: x}, {into: y}]"), { path: "source.routes[1]", message: /needs an expression/ }],
  [
    "a way for what is rejected",
    source("routes: [{reject: x, into: y}]"),
    { path: "source.routes[0].into", message: /does nothing with reject/ },
  ],
  [
    "an unknown key of a route",
    source("routes: [{accept: x, int: y}]"),
    { path: "source.routes[0].int", message: /unknown key/, suggestion: "into" },
  ],
  [
    "an absolute route",
    source("routes: [{accept: x, into: /data}]"),
    { path: "source.routes[0].into", message: /below/, suggestion: "data" },
  ],
  ["a route that leads out", source("unmatched: {into: a/../..}"), { path: "source.unmatched.into", message: /no \.\./ }],
  [
    "a group that the expression has not",
    source("routes: [{accept: '(a)(?:b)', into: '${1}/${2}'}]"),
    { path: "source.routes[0].into", message: /\$\{2\}: the pattern has 1 groups/ },
  ],
  [
    "a group without an expression",
    source("unmatched: {into: '${1}'}"),
    { path: "source.unmatched.into", message: /the pattern has 0 groups/ },
  ],
  [
    "a mistaken variable",
    `vars: {SITE: x}\n${source("unmatched: {into: '${SITES}'}")}`,
    { path: "source.unmatched.into", message: /neither in vars/, suggestion: "${SITE}" },
    4,
  ],
  ["a mistaken date", source("unmatched: {into: '${%Q}'}"), { path: "source.unmatched.into", message: /written \$\{NAME\}/ }],
  [
    "an unknown rule for names",
    source("unmatched: {name: x.nc}"),
    { path: "source.unmatched.name", message: /none of WHATFN/, suggestion: "DESTFN=x.nc" },
  ],
  [
    "a strip that is no expression",
    source("unmatched: {strip: '('}"),
    { path: "source.unmatched.strip", message: /not a regular expression/ },
  ],
  ["a flatten with /", source("unmatched: {flatten: /}"), { path: "source.unmatched.flatten", message: /without \//, suggestion: "-" }],
  ["another unmatched", source("unmatched: accepts"), { path: "source.unmatched", message: /unknown value/, suggestion: "accept" }],
  // What does nothing.
  ["a rescan of messages", source("rescan: 5m"), { path: "source.rescan", message: /does nothing where no directory is watched/ }],
  ["a settle by marker", source("settle: {marker: .done}"), { path: "source.settle", message: /how long to wait/, suggestion: "0s" }],
  ["a settle by close", source("settle: close"), { path: "source.settle", message: /how long to wait/, suggestion: "0s" }],
  [
    "a base without messages",
    flow("source: {directory: /d, base: /e}", mirror),
    { path: "source.base", message: /does nothing without subscribe/ },
  ],
  [
    "routes without messages",
    flow("source: {directory: /d, routes: [{accept: x}]}", mirror),
    { path: "source.routes", message: /without subscribe/ },
  ],
  [
    "lanes of messages",
    flow(watched, `destination: {publish: {${publish}}, lanes: 3}`),
    { path: "destination.lanes", message: /no file is moved/ },
    4,
  ],
  [
    "a bandwidth of messages",
    flow(watched, `destination: {publish: {${publish}}, bandwidth: 1MB/s}`),
    { path: "destination.bandwidth", message: /no file is moved/ },
    4,
  ],
  [
    "a base of what is passed on",
    flow(`source: {subscribe: {${subscribe}}, base: /d}`, toOthers),
    { path: "source.base", message: /no file is looked at/ },
  ],
  // What is not safe, or has no end.
  ["announcing messages", flow(watched, toOthers, `announce: {${publish}}`), { path: "announce", message: /is a message already/ }, 5],
  [
    "removing for a message",
    flow(watched, toOthers, "retain: {delete_after: 7d}"),
    { path: "retain", message: /proves no file/, suggestion: "keep" },
    5,
  ],
  [
    "a size for a digest",
    flow(watched, `destination: {publish: {${publish}}, verify: size}`),
    { path: "destination.verify", message: /digest that messages carry/, suggestion: "none" },
    4,
  ],
  [
    "removing whatever a message names",
    flow(told, mirror, "retain: {delete_after: 7d}"),
    { path: "retain", message: /may name any path/, suggestion: "source: {base: DIRECTORY}" },
    5,
  ],
  [
    "removing what went by a route",
    flow(`source: {subscribe: {${subscribe}}, base: /d, routes: [{accept: x, into: y}]}`, mirror, "retain: {delete_after: 7d}"),
    { path: "retain", message: /with routes/, suggestion: "keep" },
    5,
  ],
  [
    "removing without messages",
    flow(watched, "destination: {remove: {directory: /d}}"),
    { path: "destination.remove", message: /goes with subscribe/ },
    4,
  ],
  [
    "removing anywhere",
    flow(told, "destination: {remove: {directory: /}}"),
    { path: "destination.remove.directory", message: /any file of this machine/ },
    4,
  ],
  [
    "removing into what is cleaned",
    flow(told, "destination: {remove: {directory: /d, hold: /d/held}}"),
    { path: "destination.remove.hold", message: /inside of what is cleaned/ },
    4,
  ],
  [
    "a digest for removals",
    flow(told, "destination: {remove: {directory: /d}, verify: md5}"),
    { path: "destination.verify", message: /no file is moved/ },
    4,
  ],
  [
    "retention of removals",
    flow(told, "destination: {remove: {directory: /d}}", "retain: {delete_after: 1d}"),
    { path: "retain", message: /nothing is delivered/ },
    5,
  ],
  [
    "removals in the place of a directory and messages",
    flow(told, `destination: {url: 'file:/o', remove: {directory: /d}}`),
    { path: "destination.remove", message: /either url or remove/ },
    4,
  ],
  ["a base that is the destination", source("base: /mirror/x"), { path: "source.base", message: /in the destination/ }],
  [
    "messages that come back",
    flow(told, "destination: {publish: {broker: 'amqps://eve@hub:5671/', exchange: xs_bob}}"),
    { path: "destination.publish.exchange", message: /would come back/ },
    4,
  ],
  [
    "announcements that come back",
    flow(told, mirror, "announce: {broker: 'amqps://eve@hub', exchange: xs_bob}"),
    { path: "announce.exchange", message: /would come back/ },
    5,
  ],
];

it.each(table)("%s is told with its line, and what was meant", (_, text, { path, message, suggestion }, line = 3) => {
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  const faults = loaded.ok ? [] : loaded.faults;
  expect(faults.map((fault) => ({ line: fault.line, path: fault.path }))).toEqual([{ line, path: `flows.a.${path}` }]);
  expect(faults[0]?.message).toMatch(message);
  expect(faults[0]?.suggestion).toBe(suggestion);
});

it("what goes because it arrived is not taken for a removal by a person", () => {
  const faultsOf = (directory: string, propagate: string): unknown => {
    const text = [
      "flows:",
      `  up: {source: {directory: ${directory}${propagate}}, ${mirror}}`,
      `  clean: {${told}, destination: {remove: {directory: /data/in}}}`,
    ].join("\n");
    const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
    return loaded.ok ? [] : loaded.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };
  const fault = [expect.stringMatching(/^3 flows\.clean\.destination\.remove\.directory: the flow up propagates removals/)];
  for (const directory of ["/data/in", "/data", "/data/in/sub"]) expect(faultsOf(directory, ", propagate: [put, delete]")).toEqual(fault);
  expect(faultsOf("/data/in", "")).toEqual([]);
  expect(faultsOf("/data/other", ", propagate: [put, delete]")).toEqual([]);
});

it("two flows with one queue are told, each with what its own would be", () => {
  const one = (name: string, broker: string, queue: string): string =>
    `  ${name}: {source: {subscribe: {broker: '${broker}', exchange: x${queue}}}, ${mirror}}`;
  const faultsOf = (...flows: string[]): unknown => {
    const loaded = parseConfiguration(["flows:", ...flows].join("\n"), "/etc/hotdir.yaml", options);
    return loaded.ok ? [] : loaded.faults.map(({ line, path, message, suggestion }) => ({ line, path, message, suggestion }));
  };
  const queue = ", queue: q_bob.hotdir.a";
  expect(faultsOf(one("a", "amqp://bob@hub", ""), one("b", "amqp://eve@hub:5672/", queue))).toEqual([
    {
      line: 3,
      path: "flows.b.source.subscribe.queue",
      message: "the flow a has the same queue: each message would go to one of the two",
      suggestion: "q_eve.hotdir.b",
    },
  ]);
  expect(faultsOf(one("a", "amqp://bob@hub", ""), one("b", "amqp://bob@hub", ""))).toEqual([]);
  expect(faultsOf(one("a", "amqp://bob@hub", queue), one("b", "amqp://bob@other", queue))).toEqual([]);
});

it.each(["amqp://bob:hunter2@hub/v", "amqp://bob:hun/ter2@hub", "bob:hunter2@hub", "amqp:bob:hunter2@hub", "amqps://bob:h@unter2@hub:x"])(
  "a password is not repeated by any part of the fault: %s",
  (broker) => {
    const loaded = parseConfiguration(
      flow(
        `source: {subscribe: {exchange: x, broker: '${broker}'}}`,
        mirror,
        `announce: {exchange: x, base_url: '${broker}', broker: '${broker}'}`,
      ),
      "/etc/hotdir.yaml",
      options,
    );
    const shown = loaded.ok ? "" : renderFaults(loaded.faults);
    expect(shown).toMatch(/broker: /);
    expect(shown).not.toMatch(/hun|ter2/);
  },
);
