/** Where a broker is, as whom, and never with which password. */
export type BrokerAddress = {
  protocol: "amqp" | "mqtt";
  tls: boolean;
  host: string;
  port: number;
  /** Always `/` with MQTT, which has none. */
  vhost: string;
  /** Null: not said; the credentials file may say it. */
  user: string | null;
};

export type AddressFault = "not-a-url" | "not-a-broker" | "no-host" | "holds-a-password" | "has-a-path";

export type AddressRead = { ok: true; address: BrokerAddress } | { ok: false; fault: AddressFault };

const ports = { amqp: 5672, amqps: 5671, mqtt: 1883, mqtts: 8883 } as const;
type Scheme = keyof typeof ports;

/** `amqps://user@host:5671/vhost`, `mqtts://user@host`. The vhost of an empty path is `/`, as sr3 has it. */
export function readAddress(text: string): AddressRead {
  const match = /^(amqps?|mqtts?):\/\/(?:([^/@]*)@)?([^/?#]*)(?:\/([^?#]*))?$/.exec(text);
  if (match === null)
    return { ok: false, fault: /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^(amqp|mqtt)s?:/.test(text) ? "not-a-broker" : "not-a-url" };
  const [, scheme = "", who, where = "", vhost = ""] = match;
  // A password in a configuration is a password in a backup, a screenshot and a process list.
  if (who?.includes(":") === true) return { ok: false, fault: "holds-a-password" };
  const [, host = "", port = ""] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d{1,5}))?$/i.exec(where) ?? [];
  if (host === "") return { ok: false, fault: where.includes(":") && text.includes("@") ? "holds-a-password" : "no-host" };
  const protocol = scheme.startsWith("mqtt") ? "mqtt" : "amqp";
  if (protocol === "mqtt" && vhost !== "") return { ok: false, fault: "has-a-path" };
  const address = {
    protocol,
    tls: scheme.endsWith("s"),
    host: host.replace(/^\[|\]$/g, ""),
    // The expression has no other schemes.
    port: port === "" ? ports[scheme as Scheme] : Number(port),
    vhost: vhost === "" ? "/" : unescaped(vhost),
    user: who === undefined || who === "" ? null : unescaped(who),
  } as const;
  return address.port === 0 || address.port > 65_535 ? { ok: false, fault: "not-a-url" } : { ok: true, address };
}

/** For people and for the log. */
export function showAddress(address: BrokerAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const vhost = address.vhost === "/" ? "" : `/${encodeURIComponent(address.vhost)}`;
  const user = address.user === null ? "" : `${encodeURIComponent(address.user)}@`;
  return `${address.protocol}${address.tls ? "s" : ""}://${user}${host}:${address.port}${vhost}`;
}

/** Whether both name the same broker, whoever the user is. */
export function sameBroker(a: BrokerAddress, b: BrokerAddress): boolean {
  return a.protocol === b.protocol && a.tls === b.tls && a.host === b.host && a.port === b.port && a.vhost === b.vhost;
}

/** A stray `%` is itself. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
