import { afterAll, beforeAll, expect, test } from "vitest";
import { queueSpecOf } from "../../src/broker/amqp/wanted.ts";
import { lookAtQueues, removeQueues } from "../../src/broker/mqtt/removal.ts";
import type { Subscription } from "../../src/flow/bus.ts";
import { publishToQueue, removalOf } from "../support/bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { startMosquitto, type TestMosquitto } from "../support/mosquitto.ts";
import { makeMqttBus, mqttSettings } from "../support/mqtt-bus.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let broker: TestMosquitto;
let place: Temporary;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startMosquitto();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const ready = async (subscription: Subscription): Promise<void> => {
  await waitUntil("it is ready", () => subscription.state.state === "ready", { everyMs: 10 });
};

test("a queue is counted without taking anything, kept while a host is there or messages are, and gone when a person says so", async () => {
  const settings = mqttSettings(place.path, broker.port, broker.user);
  const wanted = subscriptionSettings({ broker: settings, exchange: "xs_gone", queue: "q_gone" });
  const specs = [queueSpecOf(wanted)];
  const remove = async (withMessages: boolean): Promise<unknown> => (await removeQueues(settings, specs, { withMessages }))[0];
  expect(await remove(false)).toMatchObject({ name: "q_gone", outcome: "absent" });

  const came: string[] = [];
  const host = (): { bus: ReturnType<typeof makeMqttBus>; subscription: Subscription } => {
    const bus = makeMqttBus({ host: "the-same" });
    const subscription = bus.subscribe(wanted, "test", async ({ told }) => {
      came.push(told.change.path);
      return told.change.path === "bad" ? { outcome: "dead", reason: "as the test says" } : { outcome: "done" };
    });
    return { bus, subscription };
  };
  await using bus = makeMqttBus();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_gone" }), "test");

  const first = host();
  await ready(first.subscription);
  await publishToQueue(announcer, removalOf("bad"));
  await waitUntil("it is dead", () => first.subscription.counts.dead === 1);
  expect(await remove(true)).toMatchObject({ outcome: "kept", detail: "1 of its hosts are connected" });
  await first.bus[Symbol.asyncDispose]();

  for (const path of ["a", "b", "c"]) await publishToQueue(announcer, removalOf(path));
  expect(await lookAtQueues(settings, specs)).toMatchObject({ reached: true, queues: [{ serving: 0, messages: 4 }] });
  expect(await remove(false)).toMatchObject({ outcome: "kept", detail: "it holds 4 messages" });

  // Nothing was taken by looking.
  const second = host();
  await waitUntil("all came", () => came.length === 4);
  expect(came.sort()).toEqual(["a", "b", "bad", "c"]);
  await second.bus[Symbol.asyncDispose]();
  for (const path of ["d", "e"]) await publishToQueue(announcer, removalOf(path));

  expect(await remove(true)).toMatchObject({ outcome: "removed" });
  expect(await lookAtQueues(settings, specs)).toMatchObject({ queues: [{ serving: 0, messages: 0, sessions: [], deadTopics: [] }] });
  expect(await announcer.publish(removalOf("f"))).toEqual({ outcome: "unrouted" });
  expect(await remove(false)).toMatchObject({ outcome: "absent" });
});

test("a broker that cannot be reached is told as that", async () => {
  const settings = mqttSettings(place.path, 1, broker.user);
  expect(await lookAtQueues(settings, [queueSpecOf(subscriptionSettings({ broker: settings }))])).toMatchObject({
    reached: false,
    trouble: { trouble: "unreachable" },
  });
});
