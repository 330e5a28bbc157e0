import { writeFileSync } from "node:fs";
import { BrokerBus } from "../../src/broker/bus.ts";
import type { Announced, Announcer, Handle, Handled, Published, Received } from "../../src/flow/bus.ts";
import type { BrokerSettings } from "../../src/flow/settings.ts";
import { absPath, type Bytes, bytesOfText, relPath } from "../../src/kernel/path.ts";
import { type Log, silentLog } from "../../src/kernel/log.ts";
import { backoff, clock } from "./broker-link.ts";
import type { BrokerUser, TestBroker } from "./rabbitmq.ts";
import { waitUntil } from "./waiting.ts";

/** The settings of a broker of a test, with a credentials file of its own. */
export function brokerSettings(directory: string, broker: Pick<TestBroker, "port">, user: BrokerUser): BrokerSettings {
  const file = `${directory}/credentials-${user.name}-${broker.port}`;
  writeFileSync(file, `amqp://${user.name}:${user.password}@127.0.0.1:${broker.port}/\n`, { mode: 0o600 });
  return { url: `amqp://${user.name}@127.0.0.1:${broker.port}/`, credentialsFile: absPath(file as Bytes), caFile: null };
}

export function makeBus(log: Log = silentLog): BrokerBus {
  return new BrokerBus({ clock, log, backoff, host: "test" });
}

let pubTimes = 1_800_000_000_000_000_000n;

/** A removal of this path: the shortest message there is. */
export function removalOf(path: string): Announced {
  return {
    change: { kind: "delete", path: relPath(bytesOfText(path)) },
    digest: null,
    pubTimeNs: (pubTimes += 1_000_000n),
    baseUrl: "file:/hot",
    content: null,
    passedOn: null,
    preserve: { mode: true, mtime: true },
  };
}

/** Until a queue has it, as whoever has a ledger does; the answer is the last outcome. */
export async function publishToQueue(announcer: Announcer, announced: Announced): Promise<Published> {
  return waitUntil(
    "the message is confirmed",
    async () => {
      const published = await announcer.publish(announced);
      return published.outcome === "confirmed" ? published : null;
    },
    { timeoutMs: 30_000, everyMs: 20, explain: () => JSON.stringify(announcer.state) },
  );
}

/** Writes down what came, and answers what the test says; done where it says nothing. */
export function recorder(answer: (received: Received) => Handled | null = () => null): { story: Received[]; handle: Handle } {
  const story: Received[] = [];
  return {
    story,
    handle: async (received) => {
      story.push(received);
      return answer(received) ?? { outcome: "done" };
    },
  };
}
