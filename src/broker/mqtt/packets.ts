import type { IConnectPacket, IPublishPacket } from "mqtt-packet";
import type { Credentials } from "../amqp/credentials.ts";

export const protocol = { protocolVersion: 5 } as const;

/** What the protocol can say at most: of seconds it means for ever. */
export const FOREVER_S = 0xffff_ffff;
const RECEIVE_MAX = 0xffff;

/** What is published: at least once, and kept by the broker over its own end as far as it keeps anything. */
export type Publication = {
  topic: string;
  payload: Buffer;
  contentType: string | null;
  userProperties: Readonly<Record<string, string>>;
  /** The broker keeps it as the last word of its topic, for whoever subscribes later. */
  retain: boolean;
};

/** As it came. `messageId`: what it is acknowledged by; null: it was sent once, for what it is worth. */
export type Arrival = {
  messageId: number | null;
  topic: string;
  payload: Buffer;
  duplicate: boolean;
  contentType: string | undefined;
  userProperties: Readonly<Record<string, string>>;
};

/** Who we are to the broker, and what it keeps of us. */
export type Session = {
  clientId: string;
  /** How long it keeps our subscriptions, and what came for them, when we are gone; 0: not at all, and what is there is not wanted. */
  keptS: number;
  /** How many messages it may give us that are not acknowledged. */
  receiveMax: number;
  /** What it retains for us once we were gone for so long without a goodbye; null: nothing. */
  will: { topic: string; payload: Buffer; delayS: number } | null;
};

export function connectPacket(
  { clientId, keptS, receiveMax, will }: Session,
  heartbeatS: number,
  { user, password }: Credentials,
): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: "MQTT",
    ...protocol,
    clientId,
    clean: keptS === 0,
    keepalive: heartbeatS,
    ...(will === null ? {} : { will: willOf(will) }),
    username: user,
    password: Buffer.from(password.reveal(), "utf8"),
    properties: { sessionExpiryInterval: Math.min(keptS, FOREVER_S), receiveMaximum: Math.min(receiveMax, RECEIVE_MAX) },
  };
}

function willOf({ topic, payload, delayS }: NonNullable<Session["will"]>): NonNullable<IConnectPacket["will"]> {
  return { topic, payload, qos: 1, retain: true, properties: { willDelayInterval: delayS } };
}

export function publishPacket({ topic, payload, contentType, userProperties, retain }: Publication, messageId: number): IPublishPacket {
  const properties = {
    ...(contentType === null ? {} : { contentType }),
    // As sr3 has it: the body is text.
    ...(contentType === "application/json" ? { payloadFormatIndicator: true } : {}),
    ...(Object.keys(userProperties).length === 0 ? {} : { userProperties: { ...userProperties } }),
  };
  return { cmd: "publish", messageId, qos: 1, dup: false, retain, topic, payload, properties };
}

export function arrivalOf({ messageId, topic, payload, dup, properties }: IPublishPacket): Arrival {
  const userProperties: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties?.userProperties ?? {})) {
    userProperties[name] = Array.isArray(value) ? (value.at(-1) ?? "") : value;
  }
  const bytes = typeof payload === "string" ? Buffer.from(payload, "utf8") : payload;
  return { messageId: messageId ?? null, topic, payload: bytes, duplicate: dup, contentType: properties?.contentType, userProperties };
}
