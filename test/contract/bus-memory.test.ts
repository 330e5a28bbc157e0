import { MemoryBroker } from "../support/memory-bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { describeBus } from "./bus.ts";

describeBus("memory", async () => {
  const broker = new MemoryBroker();
  return {
    host: () => broker.bus(),
    publishing: publishSettings({ exchange: "xs_test" }),
    subscription: subscriptionSettings({ exchange: "xs_test" }),
    cut: async () => broker.cut(),
    publishRaw: async (body) => void broker.publish("xs_test", body),
    async [Symbol.asyncDispose]() {},
  };
});
