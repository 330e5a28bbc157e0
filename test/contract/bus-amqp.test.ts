import { afterAll, beforeAll } from "vitest";
import { addressOf, credentialsIn, makeLink } from "../support/broker-link.ts";
import { brokerSettings, makeBus } from "../support/bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";
import { describeBus } from "./bus.ts";

let broker: TestBroker;
let place: Temporary;
let made = 0;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startBroker();
}, 60_000);
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

describeBus("RabbitMQ", async () => {
  made += 1;
  const settings = brokerSettings(place.path, broker, broker.user);
  const publishing = publishSettings({ broker: settings, exchange: `xs_contract_${made}` });
  const subscription = subscriptionSettings({ broker: settings, exchange: publishing.exchange, queue: `q_contract_${made}` });
  // A queue is bound to what somebody published to.
  await using bus = makeBus();
  await using owner = bus.announcer(publishing, "owner");
  await waitUntil("the exchange is made", () => owner.state.state === "ready");
  return {
    host: () => makeBus(),
    publishing,
    subscription,
    cut: async () => void (await broker.ctl("close_all_connections", "cut")),
    publishRaw: async (body) => publishRaw(publishing.exchange, body),
    async [Symbol.asyncDispose]() {},
  };
});

async function publishRaw(exchange: string, body: Buffer): Promise<void> {
  const address = addressOf(`amqp://127.0.0.1:${broker.port}`);
  await using link = makeLink({ address, credentials: credentialsIn(`${place.path}/raw`, address, broker.user) });
  const channel = await (await link.connection(AbortSignal.timeout(10_000))).model.createConfirmChannel();
  channel.publish(exchange, "v03", body, { contentType: "application/json" });
  await channel.waitForConfirms();
  await channel.close();
}
