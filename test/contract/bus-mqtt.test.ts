import { afterAll, beforeAll } from "vitest";
import { makeMqttBus, mqttSettings } from "../support/mqtt-bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { publishOnce } from "../support/mqtt-wire.ts";
import { startMosquitto, type TestMosquitto } from "../support/mosquitto.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { describeBus } from "./bus.ts";

let broker: TestMosquitto;
let proxy: Proxy;
let place: Temporary;
let made = 0;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startMosquitto();
  proxy = await startProxy({ port: broker.port });
}, 60_000);
afterAll(async () => {
  await proxy.stop();
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

describeBus("mosquitto", async () => {
  made += 1;
  const settings = mqttSettings(place.path, proxy.port, broker.user);
  const publishing = publishSettings({ broker: settings, exchange: `xs_contract_${made}` });
  const subscription = subscriptionSettings({ broker: settings, exchange: publishing.exchange, queue: `q_contract_${made}` });
  return {
    host: () => makeMqttBus(),
    publishing,
    subscription,
    cut: async () => void (await proxy.reset()),
    publishRaw: async (body) =>
      publishOnce(settings, { topic: `${publishing.exchange}/v03`, payload: body, contentType: "application/json" }),
    async [Symbol.asyncDispose]() {},
  };
});
