import type { NativeEntry } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import { type BrokerUrl, formatBroker, parseBrokerUrl } from "../broker-url.ts";
import type { Configuration } from "../reader.ts";

/** What is the same for all configurations of a tree. `credentialsFile`: sr3's own, which hotdir reads as it stands. */
export type BrokerContext = { homeDirectory: string; credentialsFile: string; hasCredentials: boolean };

/** As `broker` or `post_broker` names it; null: it names none, or none that there is. */
export function brokerOf({ effective }: Configuration, option: "broker" | "post_broker"): BrokerUrl | null {
  return parseBrokerUrl(effective.text(option) ?? "");
}

/** Why there is no such broker, for a line that names one. */
export function brokerFault(url: string): string {
  const scheme = /^[\w+.-]*/.exec(url)?.[0] ?? "";
  return ["amqp", "amqps", "mqtt", "mqtts"].includes(scheme.toLowerCase())
    ? "an address such as amqps://user@host/ is wanted"
    : `${scheme}: is none of amqp:, amqps:, mqtt: and mqtts: (amqps: was meant, perhaps), so that sr3 reports it and goes on without`;
}

/** `broker`, `credentials`: how a broker is reached. */
export function brokerEntries(
  configuration: Configuration,
  option: "broker" | "post_broker",
  broker: BrokerUrl,
  context: BrokerContext,
  remarks: Remarks,
): NativeEntry[] {
  const { effective } = configuration;
  const at = effective.at(option);
  const from: At[] = at === null ? [] : [at];
  const written = effective.text(option) ?? "";
  if (/^[a-z]+:\/\/[^/]*:[^/]*@/i.test(written))
    remarks.note(at, `${option}: its password is left out: hotdir takes passwords from credentials.conf only`);
  if (!context.hasCredentials)
    remarks.note(at, `${option}: there is no ${context.credentialsFile}, which is to hold the password (mode 0600)`);
  if (broker.user === "anonymous" && !/anonymous/.test(written))
    remarks.note(
      at,
      `${option}: it names no user, who is anonymous to sr3: credentials.conf needs a line for anonymous, with the password anonymous`,
    );
  return [
    { key: "broker", value: `${formatBroker(broker)}${broker.scheme.startsWith("amqp") && broker.vhost === "/" ? "/" : ""}`, from },
    { key: "credentials", value: context.credentialsFile.replace(`${context.homeDirectory}/`, "~/") },
  ];
}

/** The words of a topic before those that stand for directories. */
export function prefixEntry({ effective }: Configuration, option: "topicPrefix" | "post_topicPrefix", remarks: Remarks): NativeEntry[] {
  const at = effective.at(option);
  const prefix = (effective.text(option) ?? "v03").replaceAll("/", ".");
  if (at === null || prefix === "v03") return [];
  if (prefix.startsWith("v02")) remarks.error(at, `${option}: messages of version 2 are not understood`);
  return [{ key: "prefix", value: prefix, from: [at] }];
}
