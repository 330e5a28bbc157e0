import { readAddress } from "../../src/broker/amqp/address.ts";
import { readCredentials } from "../../src/broker/amqp/credentials.ts";
import type { Arrival, Publication, Session } from "../../src/broker/mqtt/packets.ts";
import { type OnArrival, Wire, wireDefaults } from "../../src/broker/mqtt/wire.ts";
import type { BrokerSettings } from "../../src/flow/settings.ts";
import { clock } from "./broker-link.ts";

/** One connection of a test's own, of which the broker keeps nothing. */
export async function openWire(broker: BrokerSettings, onArrival: OnArrival = () => {}, session: Partial<Session> = {}): Promise<Wire> {
  const read = readAddress(broker.url);
  if (!read.ok) throw new Error(read.fault);
  const { address } = read;
  const credentials = await readCredentials(broker.credentialsFile, address);
  if (!credentials.ok) throw new Error(credentials.fault.fault);
  const clientId = `test.${process.pid}.${Math.random()}`;
  const settings = { ...wireDefaults, address, caFile: broker.caFile, clock };
  const whole: Session = { clientId, keptS: 0, receiveMax: 100, will: null, ...session };
  const opened = await Wire.open({ ...settings, session: whole }, credentials.credentials, onArrival, new AbortController().signal);
  if (!opened.ok) throw new Error(`${opened.trouble.trouble}: ${opened.trouble.detail}`);
  return opened.wire;
}

/** Throws when the broker does not take it; that nobody listens is no fault. */
export async function publishOnce(
  broker: BrokerSettings,
  publication: Partial<Publication> & Pick<Publication, "topic" | "payload">,
): Promise<void> {
  const wire = await openWire(broker);
  const answer = await wire.publish({ contentType: null, userProperties: {}, retain: false, ...publication });
  await wire.close();
  if (answer.answer !== "code" || (answer.code !== 0 && answer.code !== 0x10)) throw new Error(JSON.stringify(answer));
}

/** All that comes for a topic filter, acknowledged at once. */
export async function overhear(broker: BrokerSettings, filter: string): Promise<AsyncDisposable & { came: Arrival[] }> {
  const came: Arrival[] = [];
  const wire = await openWire(broker, (from, arrival) => {
    from.acknowledge(arrival);
    came.push(arrival);
  });
  const refused = await wire.subscribe([filter]);
  if (refused !== null) throw new Error(refused);
  return { came, [Symbol.asyncDispose]: async () => wire.close() };
}
