import { setTimeout as sleep } from "node:timers/promises";
import { makeMqttBus, mqttSettings } from "../support/mqtt-bus.ts";
import { subscriptionSettings } from "../support/bus-settings.ts";

/**
 * One host of a queue, to be killed: directory, port, user, password, queue, exchange, name of the host. Each message takes a while, then is
 * told to the parent (which stands for what is durable), and only then is done.
 */
const [directory = "", port = "", name = "", password = "", queue = "", exchange = "", host = ""] = process.argv.slice(2);
process.on("disconnect", () => process.exit(0));

const broker = mqttSettings(directory, Number(port), { name, password });
const bus = makeMqttBus({ host });
const subscription = bus.subscribe(subscriptionSettings({ broker, queue, exchange, prefetch: 5 }), "flow", async ({ told }, signal) => {
  await sleep(20);
  if (signal.aborted) return { outcome: "done" };
  await new Promise<void>((resolve) => process.send?.({ path: told.change.path }, undefined, undefined, () => resolve()));
  return { outcome: "done" };
});
subscription.onState(() => {
  if (subscription.state.state === "ready") process.send?.({ ready: true });
});
