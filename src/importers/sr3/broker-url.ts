/** Of a broker's address, without its password: that is read over. */
export type BrokerUrl = { scheme: string; user: string; host: string; port: number; vhost: string };

const ports: Readonly<Record<string, number>> = { amqp: 5672, amqps: 5671, mqtt: 1883, mqtts: 8883 };

/** null: sr3 would report a bad credential, and go on without. The last @ ends the login: a password may hold one. */
export function parseBrokerUrl(text: string): BrokerUrl | null {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(?:(.*)@)?(\[[^\]]*\]|[^/:@]+)(?::(\d+))?(?:\/(.*))?$/i.exec(text);
  const [, scheme = "", login, host = "", port, vhost] = match ?? [];
  const preset = ports[scheme.toLowerCase()];
  if (match === null || preset === undefined) return null;
  return {
    scheme: scheme.toLowerCase(),
    user: login === undefined || login === "" ? "anonymous" : login.split(":")[0]!,
    host: host.toLowerCase(),
    port: port === undefined ? preset : Number(port),
    vhost: vhost === undefined || vhost === "" ? "/" : vhost,
  };
}

/** Users of one broker may have different names, and reach it with and without TLS. */
export function sameBroker(a: BrokerUrl, b: BrokerUrl): boolean {
  return a.host === b.host && a.vhost === b.vhost && (a.port === b.port || (a.port === ports[a.scheme] && b.port === ports[b.scheme]));
}

/** `amqps://pas037@hpfx`, for people. */
export function formatBroker({ scheme, user, host, port, vhost }: BrokerUrl): string {
  return `${scheme}://${user}@${host}${port === ports[scheme] ? "" : `:${port}`}${vhost === "/" ? "" : `/${vhost}`}`;
}
