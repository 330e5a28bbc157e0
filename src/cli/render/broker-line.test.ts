import { expect, test } from "vitest";
import type { BrokerFacts } from "../../daemon/status-facts.ts";
import { brokerLine } from "./broker-line.ts";
import { plain } from "./terminal.ts";

const subscribed: BrokerFacts = {
  role: "subscribe",
  address: "amqp://bob@hub:5672",
  exchange: "xs_bob",
  state: "ready",
  reason: null,
  queue: { name: "q_bob.hotdir.down", messages: 1200, consumers: 3, waiting: 2, dead: 1 },
  counts: { received: 9, done: 8, refused: 1 },
  owed: null,
};

test("a subscription tells where, how long its queue is, and who else takes from it", () => {
  expect(brokerLine(subscribed, plain)).toBe(
    "subscribed to amqp://bob@hub:5672 xs_bob: ready, 1,200 messages in q_bob.hotdir.down, 3 consumers, 2 come again later, 1 dead letter with the broker, 1 refused",
  );
});

test("what the broker does not tell is not made up, and a broker that is away says why", () => {
  const queue = { name: "q", messages: null, consumers: null, waiting: null, dead: null };
  const waiting: BrokerFacts = { ...subscribed, state: "waiting", reason: "it cannot be reached (ECONNREFUSED)", queue, counts: {} };
  expect(brokerLine(waiting, plain)).toBe("subscribed to amqp://bob@hub:5672 xs_bob: waiting (it cannot be reached (ECONNREFUSED))");
});

test("what is published and what is owed is counted; without a daemon only the second is known", () => {
  const announcing: BrokerFacts = {
    ...subscribed,
    role: "announce",
    queue: null,
    counts: { published: 5, unrouted: 0, refused: 0 },
    owed: 2,
  };
  expect(brokerLine(announcing, plain)).toBe("announces to amqp://bob@hub:5672 xs_bob: ready, 2 deliveries to be told of");
  expect(brokerLine({ ...announcing, state: null, counts: {}, owed: 0 }, plain)).toBe(
    "announces to amqp://bob@hub:5672 xs_bob: not connected now, nothing owed",
  );
  expect(brokerLine({ ...announcing, role: "publish", owed: null }, plain)).toMatch(/^publishes to .*: ready, 5 published$/);
});
