import { randomBytes } from "node:crypto";
import type { BrokerSettings } from "../../flow/settings.ts";
import type { Clock } from "../../kernel/clock.ts";
import { assert } from "../../kernel/errors.ts";
import { readAddress } from "../amqp/address.ts";
import { type CredentialsRead, readCredentials } from "../amqp/credentials.ts";
import { troubleOfCredentials } from "../amqp/link-state.ts";
import type { Session } from "./packets.ts";
import { type OnArrival, type Opened, Wire, wireDefaults, type WireSettings } from "./wire.ts";

/** All that a connection needs but who we are in it. */
export type ToBroker = Omit<WireSettings, "session"> & { credentials: () => Promise<CredentialsRead> };

export function wayTo(
  { url, caFile, credentialsFile }: BrokerSettings,
  clock: Clock,
  heartbeatS: number = wireDefaults.heartbeatS,
): ToBroker {
  const read = readAddress(url);
  assert(read.ok && read.address.protocol === "mqtt", "the configuration was checked");
  const { address } = read;
  return { ...wireDefaults, heartbeatS, clock, address, caFile, credentials: async () => readCredentials(credentialsFile, address) };
}

/** One connection that is not made again. */
export async function visitBroker(to: ToBroker, session: Session, onArrival: OnArrival): Promise<Opened> {
  const read = await to.credentials();
  if (!read.ok) return { ok: false, trouble: troubleOfCredentials(read.fault) };
  return Wire.open({ ...to, session }, read.credentials, onArrival, new AbortController().signal);
}

/** A connection of which the broker keeps nothing. */
export function passing(what: string): Session {
  return { clientId: `hotdir.${what}.${randomBytes(6).toString("hex")}`, keptS: 0, receiveMax: 1000, will: null };
}

export function clientIdOf(queue: string, id: string): string {
  return `${queue}.${id}`;
}
