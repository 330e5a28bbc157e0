/** Where a broker is, as whom, and never with which password. */
export type BrokerAddress = {
  tls: boolean;
  host: string;
  port: number;
  vhost: string;
  /** Null: not said; the credentials file may say it. */
  user: string | null;
};

export type AddressFault = "not-a-url" | "not-amqp" | "no-host" | "holds-a-password";

export type AddressRead = { ok: true; address: BrokerAddress } | { ok: false; fault: AddressFault };

/** `amqps://user@host:5671/vhost`. The vhost of an empty path is `/`, as sr3 has it. */
export function readAddress(text: string): AddressRead {
  const match = /^(amqps?):\/\/(?:([^/@]*)@)?([^/?#]*)(?:\/([^?#]*))?$/.exec(text);
  if (match === null) return { ok: false, fault: /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^amqps?:/.test(text) ? "not-amqp" : "not-a-url" };
  const [, scheme = "", who, where = "", vhost = ""] = match;
  // A password in a configuration is a password in a backup, a screenshot and a process list.
  if (who?.includes(":") === true) return { ok: false, fault: "holds-a-password" };
  const [, host = "", port = ""] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d{1,5}))?$/i.exec(where) ?? [];
  if (host === "") return { ok: false, fault: "no-host" };
  const tls = scheme === "amqps";
  const address = {
    tls,
    host: host.replace(/^\[|\]$/g, ""),
    port: port === "" ? (tls ? 5671 : 5672) : Number(port),
    vhost: vhost === "" ? "/" : unescaped(vhost),
    user: who === undefined || who === "" ? null : unescaped(who),
  };
  return address.port > 65_535 ? { ok: false, fault: "not-a-url" } : { ok: true, address };
}

/** For people and for the log. */
export function showAddress(address: BrokerAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const vhost = address.vhost === "/" ? "" : `/${encodeURIComponent(address.vhost)}`;
  return `${address.tls ? "amqps" : "amqp"}://${address.user === null ? "" : `${encodeURIComponent(address.user)}@`}${host}:${address.port}${vhost}`;
}

/** A stray `%` is itself. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
