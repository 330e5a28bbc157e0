import { writeFileSync } from "node:fs";
import { type MqttBus, openMqtt } from "../../src/broker/mqtt/open.ts";
import { readBody } from "../../src/broker/messages/told.ts";
import type { Bus } from "../../src/flow/bus.ts";
import type { BrokerSettings } from "../../src/flow/settings.ts";
import { type Log, silentLog } from "../../src/kernel/log.ts";
import { absPath, type Bytes } from "../../src/kernel/path.ts";
import { backoff, clock } from "./broker-link.ts";
import type { BrokerUser } from "./rabbitmq.ts";

/** The settings of an MQTT broker of a test, with a credentials file of its own. `caFile`: over TLS, as `localhost`. */
export function mqttSettings(directory: string, port: number, user: BrokerUser, caFile: string | null = null): BrokerSettings {
  const file = `${directory}/credentials-${user.name}-${port}`;
  const where = caFile === null ? `mqtt://${user.name}@127.0.0.1:${port}` : `mqtts://${user.name}@localhost:${port}`;
  writeFileSync(file, `${where.replace("@", `:${user.password}@`)}\n`, { mode: 0o600 });
  return { url: where, credentialsFile: absPath(file as Bytes), caFile: caFile === null ? null : absPath(caFile as Bytes) };
}

let hosts = 0;

/** The connection of one host; without a name, of one that nobody has heard of before. */
export function makeMqttBus(options: { host?: string; log?: Log; absentS?: number } = {}): MqttBus & Bus {
  const { host = `host-${(hosts += 1)}`, log = silentLog, absentS = 1 } = options;
  const bus = openMqtt({ clock, log, backoff, host, absentS, heartbeatS: 2 });
  return { ...bus, read: readBody, [Symbol.asyncDispose]: async () => bus[Symbol.asyncDispose]() };
}
