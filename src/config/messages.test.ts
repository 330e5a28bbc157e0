import { describe, expect, it } from "vitest";
import type { FlowSettings, PublishSettings, SubscribedSource } from "../flow/settings.ts";
import { renderFaults } from "./fault.ts";
import { type Configuration, parseConfiguration } from "./parse.ts";

function parse(text: string, env: Record<string, string> = {}): Configuration {
  const loaded = parseConfiguration(text, "/etc/hotdir/hotdir.yaml", { env, homeDirectory: "/home/bob", defaultSsh: ["ssh", "-F", "~/f"] });
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  return loaded.configuration;
}

/** The settings of the one flow whose sections these are. */
function flow(sections: string, env?: Record<string, string>): FlowSettings {
  const [only] = parse(`flows:\n  down: {${sections}}`, env).flows;
  if (only === undefined) throw new Error("no flow");
  return only;
}

function subscribed(source: string, destination = "{url: 'file:/mirror'}"): SubscribedSource {
  const { source: made } = flow(`source: {subscribe: {broker: 'amqps://bob@hub', exchange: xs_bob}${source}}, destination: ${destination}`);
  if (made.kind !== "subscribed") throw new Error(`the source is ${made.kind}`);
  return made;
}

function published(source: string, more = ""): PublishSettings {
  const { place } = flow(`source: ${source}, destination: {publish: {broker: 'amqp://hub', exchange: x${more}}}`).destination;
  if (place.kind !== "publish") throw new Error(`the place is ${place.kind}`);
  return place.publish;
}

describe("a source that subscribes", () => {
  it("has the defaults of the contract", () => {
    expect(subscribed("")).toEqual({
      kind: "subscribed",
      root: "/",
      base: "url",
      accept: [],
      reject: [],
      settle: { kind: "quiet", quietMs: 0 },
      rescanMs: 600_000,
      propagate: new Set(["put", "rename", "link", "mkdir"]),
      subscription: {
        broker: { url: "amqps://bob@hub", credentialsFile: "/home/bob/.config/hotdir/credentials.conf", caFile: null },
        exchange: "xs_bob",
        topicPrefix: ["v03"],
        subtopics: ["#"],
        queue: "q_bob.hotdir.down",
        durable: true,
        expireMs: null,
        messageTtlMs: null,
        declare: true,
        prefetch: 1000,
        priority: 0,
      },
      match: "path",
      routes: [],
      unmatched: { accepts: true, pattern: null, into: "", mirror: true, strip: { kind: "none" }, flatten: null, name: null },
      ssh: ["ssh", "-F", "/home/bob/f"],
      duplicatesMs: 0,
    });
  });

  it("takes every other key", () => {
    const keys =
      "credentials: ~/c.conf, ca: ca.pem, prefix: v03.post, topics: [lab/*/raw, a.b], queue: q, durable: false, expire: 2d, message_ttl: 1h, declare: false, prefetch: 7, priority: -3";
    const text = `source: {subscribe: {broker: 'amqps://b%40x@[::1]:99', exchange: x, ${keys}}, base: in, ssh: [ssh, -4], match: url, duplicates: 5m, settle: 30s}`;
    expect(flow(`${text}, destination: {url: 'file:/o'}`).source).toMatchObject({
      root: "/etc/hotdir/in",
      base: "root",
      settle: { kind: "quiet", quietMs: 30_000 },
      subscription: {
        broker: { url: "amqps://b%40x@[::1]:99", credentialsFile: "/home/bob/c.conf", caFile: "/etc/hotdir/ca.pem" },
        topicPrefix: ["v03", "post"],
        subtopics: ["lab/*/raw", "a.b"],
        queue: "q",
        durable: false,
        expireMs: 2 * 86_400_000,
        messageTtlMs: 3_600_000,
        declare: false,
        prefetch: 7,
        priority: -3,
      },
      match: "url",
      ssh: ["ssh", "-4"],
      duplicatesMs: 300_000,
    });
  });

  it("takes what the lanes of its destination can do, or what the broker can take", () => {
    expect(subscribed("", "{url: 'file:/o', lanes: 3}").subscription.prefetch).toBe(600);
    expect(subscribed("", "{publish: {broker: 'amqp://hub', exchange: other}}").subscription.prefetch).toBe(1000);
  });

  it("has the password file where other settings are", () => {
    const written = "source: {subscribe: {broker: 'amqp://b@h', exchange: x}}, destination: {url: 'file:/o'}";
    expect(flow(written, { XDG_CONFIG_HOME: "/cfg" }).source).toMatchObject({
      subscription: { broker: { credentialsFile: "/cfg/hotdir/credentials.conf" } },
    });
  });

  it("removes what was delivered only below a directory that is named for it", () => {
    const written = "source: {subscribe: {broker: 'amqp://b@h', exchange: x}, base: /data}, destination: {url: 'sftp://h/o'}";
    expect(flow(`${written}, retain: {delete_after: 1h}`).retain).toMatchObject({ kind: "delete", afterMs: 3_600_000 });
  });
});

it("what is cleaned is what its messages are about, and only what was put elsewhere goes", () => {
  const made = flow(
    "source: {subscribe: {broker: 'amqp://b@h', exchange: x}, unmatched: {strip: 1}, settle: 1h}, destination: {remove: {directory: ~/in, hold: held}}",
  );
  expect(made.source).toMatchObject({ root: "/home/bob/in", base: "root", propagate: new Set(["put"]), subscription: { prefetch: 1000 } });
  expect(made.destination.place).toEqual({ kind: "remove", directory: "/home/bob/in", hold: "/etc/hotdir/held" });
});

describe("routes", () => {
  it("are read in their order, with what a message fills in left as it is", () => {
    const { routes, unmatched } = subscribed(
      `, routes: [{reject: '\\.tmp$'}, {accept: '^(\\w+)/', into: '\${SITE}//\${1}/\${YYYYMMDD-1d}/$\${YYYY}/', mirror: false, strip: 2, flatten: '-', name: WHATFN}, {accept: ., strip: '^home/'}], unmatched: reject`.replace(
        "${SITE}",
        "north",
      ),
    );
    expect(routes).toEqual([
      { accepts: false, pattern: /\.tmp$/u, into: "", mirror: true, strip: { kind: "none" }, flatten: null, name: null },
      {
        accepts: true,
        pattern: /^(\w+)\//u,
        into: "north/${1}/${YYYYMMDD-1d}/${YYYY}",
        mirror: false,
        strip: { kind: "count", count: 2 },
        flatten: "-",
        name: "WHATFN",
      },
      {
        accepts: true,
        pattern: /./u,
        into: "",
        mirror: true,
        strip: { kind: "expression", expression: /^home\//u },
        flatten: null,
        name: null,
      },
    ]);
    expect(unmatched).toBe(null);
  });

  it("have variables of the file beside those of messages, which win", () => {
    const text = `vars: {SITE: north, DD: x}\nflows:\n  a:\n    source:\n      subscribe: {broker: 'amqp://b@h', exchange: x}\n      unmatched: {into: '\${SITE}/\${DD}/\${%o-1h%Y}'}\n    destination: {url: 'file:/o'}\n`;
    expect(parse(text).flows[0]?.source).toMatchObject({ unmatched: { into: "north/${DD}/${%o-1h%Y}" } });
  });
});

describe("what is published", () => {
  it("is named from its directory, from the root, or as it was told", () => {
    expect(published("{directory: ~/to_hpfx}")).toEqual({
      broker: { url: "amqp://hub", credentialsFile: "/home/bob/.config/hotdir/credentials.conf", caFile: null },
      exchange: "x",
      split: 1,
      topicPrefix: ["v03"],
      declare: true,
      baseUrl: "file:/home/bob/to_hpfx",
      pathPrefix: "",
      source: null,
      headers: {},
      inlineMaxBytes: 0,
    });
    expect(published("{directory: '/d \u00e9%20'}").baseUrl).toBe("file:/d \u00e9%20");
    expect(published("{posts: true}")).toMatchObject({ baseUrl: "file:", pathPrefix: "" });
    expect(published("{posts: {base: /home/bob}}")).toMatchObject({ baseUrl: "file:", pathPrefix: "home/bob" });
    expect(published("{subscribe: {broker: 'amqp://b@h', exchange: y}}")).toMatchObject({ baseUrl: null, pathPrefix: "" });
  });

  it("takes every other key", () => {
    const more =
      ", split: 4, prefix: v03, declare: false, base_url: 'https://web/d/', path_prefix: a//b/, source: ada, headers: {site: north, n: 7}, inline: 4K";
    expect(published("{posts: {base: /home/bob}}", more)).toMatchObject({
      split: 4,
      declare: false,
      baseUrl: "https://web/d/",
      pathPrefix: "a/b",
      source: "ada",
      headers: { site: "north", n: "7" },
      inlineMaxBytes: 4096,
    });
    expect(published("{posts: {base: /home/bob}}", ", base_url: 'file:~/x'")).toMatchObject({
      baseUrl: "file:/home/bob/x",
      pathPrefix: "",
    });
  });

  it("carries a digest that Sarracenia knows, unless another is asked for", () => {
    const verifyOf = (more: string): string =>
      flow(`source: {posts: true}, destination: {publish: {broker: 'amqp://h', exchange: x}${more}}`).destination.verify;
    expect(["", ", verify: md5", ", verify: none"].map(verifyOf)).toEqual(["sha512", "md5", "none"]);
  });
});

it.each([
  ["file:/out", "file:/out"],
  ["file:/", "file:"],
  ["sftp://hpfx/data/in%20x", "sftp://hpfx/data/in x"],
  ["sftp://b%40x@[::1]:22/~/in", "sftp://b%40x@[::1]:22/~/in"],
  ["sftp://hub/", "sftp://hub"],
])("what went to %s is announced as being below %s", (url, baseUrl) => {
  const written = `source: {directory: /in}, destination: {url: '${url}'}, announce: {broker: 'amqp://h', exchange: x}`;
  expect(flow(written).announce).toMatchObject({ exchange: "x", baseUrl, pathPrefix: "" });
  expect(flow(written.replace("exchange: x", "exchange: x, base_url: 'sftp://web/d'")).announce).toMatchObject({ baseUrl: "sftp://web/d" });
});

it("where each default comes from is told, and nothing of keys that do nothing", () => {
  const { origins } = parse(`flows:
  a: {source: {subscribe: {broker: 'amqp://bob@hub', exchange: x}}, destination: {url: 'file:/o', lanes: 2}, announce: {broker: 'amqp://hub', exchange: y}}
  b: {source: {subscribe: {broker: 'amqp://bob@hub', exchange: x}}, destination: {publish: {broker: 'amqp://ada@hub', exchange: z}}}
`);
  const values = Object.fromEntries([...origins].map(([path, { value }]) => [path.replace(/^flows\./, ""), value]));
  expect(values).toMatchObject({
    "a.source.subscribe.queue": "q_bob.hotdir.a",
    "a.source.subscribe.prefetch": "400",
    "a.source.subscribe.credentials": "/home/bob/.config/hotdir/credentials.conf",
    "a.source.settle": "0s",
    "a.source.ssh": "[ssh, -F, ~/f]",
    "a.destination.verify": "sha256",
    "a.announce.base_url": "file:/o",
    "a.announce.source": "the user of the credentials",
    "b.destination.verify": "sha512",
    "b.destination.publish.base_url": "that of the message",
    "b.destination.publish.source": "ada",
  });
  for (const idle of [
    "a.source.rescan",
    "b.source.base",
    "b.source.ssh",
    "b.destination.lanes",
    "b.destination.keep_free",
    "b.destination.ssh",
  ])
    expect(values, idle).not.toHaveProperty([idle]);
});
