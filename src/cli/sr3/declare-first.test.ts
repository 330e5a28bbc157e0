import { expect, test } from "vitest";
import { flowSettings } from "../../../test/support/ledger.ts";
import type { FlowSettings, PublishSettings, SubscriptionSettings } from "../../flow/settings.ts";
import { type AbsPath, bytesOf, bytesOfText } from "../../kernel/path.ts";
import { byBroker } from "../broker/by-broker.ts";
import { declareFirst, keysOf, meeting } from "./declare-first.ts";

const broker = { url: "amqp://bob@127.0.0.1:1/", credentialsFile: bytesOfText("/none") as AbsPath, caFile: null };

function publisher(name: string, exchange: string): FlowSettings {
  const publish: PublishSettings = {
    broker,
    exchange,
    split: 1,
    topicPrefix: ["v03"],
    declare: true,
    baseUrl: "file:/x",
    pathPrefix: bytesOf(Buffer.alloc(0)),
    source: null,
    headers: {},
    inlineMaxBytes: 0,
  };
  const settings = flowSettings({ name });
  return { ...settings, destination: { ...settings.destination, place: { kind: "publish", publish } } };
}

function subscriber(name: string, exchange: string): FlowSettings {
  const subscription: SubscriptionSettings = {
    broker,
    exchange,
    topicPrefix: ["v03"],
    subtopics: ["#"],
    queue: `q_${name}`,
    durable: true,
    expireMs: null,
    messageTtlMs: null,
    declare: true,
    prefetch: 1,
    priority: 0,
  };
  const settings = flowSettings({ name });
  const { root, accept, reject, settle, rescanMs, propagate } = settings.source;
  const rules = { root, accept, reject, settle, rescanMs, propagate };
  return {
    ...settings,
    source: {
      ...rules,
      kind: "subscribed",
      subscription,
      base: "root",
      match: "path",
      routes: [],
      unmatched: null,
      ssh: [],
      duplicatesMs: 0,
    },
  };
}

test("those that meet on an exchange are made first, and who meets nobody is not", () => {
  const flows = [
    publisher("watch", "xs_up"),
    subscriber("sender", "xs_up"),
    publisher("alone", "xs_other"),
    subscriber("far", "xs_elsewhere"),
  ];
  expect(meeting(flows).map(({ name }) => name)).toEqual(["watch", "sender"]);
  // Of a split exchange each part has its own subscriber.
  expect(meeting([publisher("post", "xs_w"), subscriber("winnow", "xs_w03")]).map(({ name }) => name)).toEqual(["post", "winnow"]);
});

test("a broker that does not answer keeps them from starting, unless the queues were made before", async () => {
  const flows = [publisher("watch", "xs_up"), subscriber("sender", "xs_up")];
  const first = await declareFirst(flows, [], AbortSignal.timeout(20_000));
  expect(first).toMatchObject({ status: 4, declared: [] });
  expect(first.told.join("\n")).toContain("out of reach");
  const keys = byBroker(flows).flatMap(keysOf);
  expect(keys).toEqual([expect.stringContaining("q_sender")]);
  expect(await declareFirst(flows, keys, AbortSignal.timeout(20_000))).toEqual({ status: 0, declared: [], told: [] });
  expect(await declareFirst([publisher("watch", "xs_up")], [], AbortSignal.timeout(20_000))).toMatchObject({ status: 0 });
});
