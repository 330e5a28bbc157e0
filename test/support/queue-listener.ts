import type { Link } from "../../src/broker/amqp/link.ts";
import { addressOf, credentialsIn, makeLink } from "./broker-link.ts";
import type { TestBroker } from "./rabbitmq.ts";

/** A message as it lay in a queue. */
export type HeardMessage = { routingKey: string; properties: Record<string, unknown>; body: string; fields: Record<string, unknown> };

export type QueueListener = AsyncDisposable & {
  /** All that came so far, in order; what is new is taken from the queue. */
  heard(): Promise<HeardMessage[]>;
  /** Listens no more: the queue goes. */
  leave(): Promise<void>;
};

/** A queue of the test's own that takes all messages of an exchange, as sr3 declares both. It stays over restarts of the broker. */
export async function listenTo(broker: TestBroker, directory: string, exchange: string): Promise<QueueListener> {
  const address = addressOf(`amqp://127.0.0.1:${broker.port}`);
  const link = makeLink({ address, credentials: credentialsIn(`${directory}/listener-${exchange}`, address, broker.user) });
  const queue = `q_listener_${exchange}`;
  try {
    await take(link, async (channel) => {
      await channel.assertExchange(exchange, "topic", { durable: true });
      await channel.assertQueue(queue, { durable: true });
      await channel.bindQueue(queue, exchange, "#");
    });
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
  const all: HeardMessage[] = [];
  return {
    async heard() {
      await take(link, async (channel) => {
        for (;;) {
          const message = await channel.get(queue, { noAck: true });
          if (message === false) return;
          const body = message.content.toString("utf8");
          const { contentType, contentEncoding, deliveryMode, headers } = message.properties;
          all.push({
            routingKey: message.fields.routingKey,
            properties: { contentType, contentEncoding, deliveryMode, headers },
            body,
            fields: JSON.parse(body) as Record<string, unknown>,
          });
        }
      });
      return all;
    },
    leave: () => take(link, async (channel) => void (await channel.deleteQueue(queue))),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

/** Puts bodies on an exchange as anybody may, and waits until the broker has them. */
export async function publishBodies(broker: TestBroker, directory: string, exchange: string, bodies: string[]): Promise<void> {
  const address = addressOf(`amqp://127.0.0.1:${broker.port}`);
  await using link = makeLink({ address, credentials: credentialsIn(`${directory}/bodies-${exchange}`, address, broker.user) });
  const channel = await (await link.connection(AbortSignal.timeout(30_000))).model.createConfirmChannel();
  for (const body of bodies) channel.publish(exchange, "v03", Buffer.from(body), { contentType: "application/json" });
  await channel.waitForConfirms();
  await channel.close();
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<Link["connection"]>>["model"]["createChannel"]>>;

async function take(link: Link, work: (channel: Channel) => Promise<void>): Promise<void> {
  const channel = await (await link.connection(AbortSignal.timeout(30_000))).model.createChannel();
  try {
    await work(channel);
  } finally {
    await channel.close().catch(() => undefined);
  }
}
