import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type BrokerAddress, readAddress } from "../../src/broker/amqp/address.ts";
import { readCredentials } from "../../src/broker/amqp/credentials.ts";
import { Link, type LinkSettings } from "../../src/broker/amqp/link.ts";
import type { LinkState } from "../../src/broker/amqp/link-state.ts";
import type { Publication, Publisher, PublishOutcome } from "../../src/broker/amqp/publisher.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { AbsPath } from "../../src/kernel/path.ts";
import type { BrokerUser } from "./rabbitmq.ts";
import { waitUntil } from "./waiting.ts";

export const clock = systemClock();
/** Shorter than what people get, so that tests wait less. */
export const backoff = { minMs: 50, maxMs: 500 };

/** The address as a configuration would have it; throws where it is none. */
export function addressOf(text: string): BrokerAddress {
  const read = readAddress(text);
  if (!read.ok) throw new Error(`${text}: ${read.fault}`);
  return read.address;
}

/** Writes the credentials file of a test, and answers with what a link asks before each connection. */
export function credentialsIn(file: string, address: BrokerAddress, user: BrokerUser): LinkSettings["credentials"] {
  const scheme = address.tls ? "amqps" : "amqp";
  writeFileSync(file, `# a comment\n${scheme}://${user.name}:${user.password}@${address.host}:${address.port}\n`, { mode: 0o600 });
  return async () => readCredentials(file as AbsPath, address);
}

export function makeLink(settings: Pick<LinkSettings, "address" | "credentials"> & Partial<LinkSettings>): Link {
  return new Link({ caFile: null, name: "hotdir-test", backoff, connectTimeoutMs: 5000, heartbeatS: 5, clock, ...settings });
}

/** Waits for a state of the link, and gives it back. */
export async function linkBecomes<Name extends LinkState["state"]>(link: Link, name: Name): Promise<Extract<LinkState, { state: Name }>> {
  return waitUntil(`the link is ${name}`, () => isState(link.state, name) && link.state, {
    everyMs: 10,
    timeoutMs: 20_000,
    explain: () => JSON.stringify(link.state),
  });
}

function isState<Name extends LinkState["state"]>(state: LinkState, name: Name): state is Extract<LinkState, { state: Name }> {
  return state.state === name;
}

/** As whoever has a ledger does it: again, until it is confirmed. The answer is the other outcomes, in order. */
export async function publishUntilConfirmed(
  publisher: Publisher,
  publication: Publication,
  signal: AbortSignal,
): Promise<PublishOutcome[]> {
  const before: PublishOutcome[] = [];
  while (!signal.aborted) {
    const outcome = await publisher.publish(publication);
    if (outcome.outcome === "confirmed") return before;
    before.push(outcome);
    await sleep(20);
  }
  throw new Error(`not confirmed: ${JSON.stringify(before.at(-1))}`);
}
