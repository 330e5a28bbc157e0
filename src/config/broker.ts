import * as z from "zod";
import { type BrokerAddress, readAddress } from "../broker/amqp/address.ts";
import type { BrokerSettings } from "../flow/settings.ts";
import { type AbsPath, absPath, bytesOfText } from "../kernel/path.ts";
import { textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** `url`: as it is written, without a password. */
export type Broker = { kind: "broker"; url: string; address: BrokerAddress };

const URL_CHARACTERS_MAX = 1024;

/** Messages never repeat what stands before `@`. */
export function parseBroker(text: string): Parsed<Broker> {
  if (text.length > URL_CHARACTERS_MAX) return bad("the address is too long");
  const read = readAddress(text);
  if (read.ok) return good({ kind: "broker", url: text, address: read.address });
  switch (read.fault) {
    case "holds-a-password":
      return bad(
        "a password in the address would be easy to read: it belongs in the credentials file; change it if others could read this one",
        text.includes("?") ? undefined : withoutPassword(text),
      );
    case "not-a-broker":
      return bad("a broker is reached by amqp:, amqps:, mqtt: or mqtts:");
    case "no-host":
      return bad("the address names no host: a broker is amqps://user@host/vhost or mqtts://user@host");
    case "has-a-path":
      return bad("MQTT has no virtual hosts: the address ends after the host");
    case "not-a-url":
      return bad(
        "a broker is amqps://user@host/vhost or mqtts://user@host",
        /^([\w.+-]+@)?[\w.-]+$/.test(text) ? `amqps://${text}` : undefined,
      );
  }
}

/** What stands between the first colon of the authority and the last `@` is the password, whatever is in it. */
function withoutPassword(text: string): string | undefined {
  const match = /^([a-z]+:\/\/[\w.%+-]+):.*@([\w.-]+(?::\d{1,5})?\/?[\w.%-]*)$/s.exec(text);
  return match === null ? undefined : `${match[1]}@${match[2]}`;
}

const path = (example: string) => textField({ title: "path", examples: [example], parse: checkPath });

/** The keys of whatever speaks to a broker. */
export const brokerKeys = {
  broker: textField({
    title: "address of a broker",
    pattern: "^(amqps?|mqtts?)://[^?#]+$",
    examples: ["amqps://bob@hub/", "mqtts://bob@hub"],
    parse: parseBroker,
  }).describe(
    "The broker: `amqps://user@host:port/vhost` (RabbitMQ) or `mqtts://user@host:port` (MQTT 5); `amqp` and `mqtt` are not encrypted. Never a password.",
  ),
  credentials: path("~/.config/hotdir/credentials.conf")
    .optional()
    .describe(
      "The file with the passwords: a line such as `amqps://user:PASSWORD@host/` for each broker, as in Sarracenia's `credentials.conf`. Only its owner may read it (mode 0600). Default: `credentials.conf` beside the default place of this file.",
    ),
  ca: path("/etc/ssl/hub.pem")
    .optional()
    .describe("A file of certificates: the broker's must be signed by one of these. Default: by one that the system trusts."),
};

type BrokerValue = { broker: Broker; credentials?: string | undefined; ca?: string | undefined };

export function brokerSettings(value: BrokerValue, base: LocalBase): BrokerSettings {
  return {
    url: value.broker.url,
    credentialsFile: value.credentials === undefined ? defaultCredentials(base) : resolvePath(value.credentials, base),
    caFile: value.ca === undefined ? null : resolvePath(value.ca, base),
  };
}

/** `$XDG_CONFIG_HOME/hotdir/credentials.conf` */
export function defaultCredentials(base: LocalBase): AbsPath {
  return absPath(bytesOfText("hotdir/credentials.conf"), base.settingsDirectory);
}

/** AMQP's 255 bytes, less two digits of a split. */
const EXCHANGE_BYTES_MAX = 250;

function parseExchange(text: string): Parsed<string> {
  const name = parseName(text, "an exchange", EXCHANGE_BYTES_MAX);
  return name.ok && /[/+#]/.test(text) ? bad("an exchange has no /, + or # in its name: with MQTT it is one level of a topic") : name;
}

export const exchange = textField({ title: "exchange", pattern: "^[^\\s/+#]{1,250}$", examples: ["xs_bob"], parse: parseExchange });

/** What may be a name at a broker, and be told on one line. */
export function parseName(text: string, what: string, bytesMax: number): Parsed<string> {
  if (text === "") return bad(`${what} has a name`);
  if (/[\s\p{C}]/u.test(text)) return bad(`${what} has no blanks and no control characters in its name`);
  return Buffer.byteLength(text) <= bytesMax ? good(text) : bad(`${what} has at most ${bytesMax} bytes in its name`);
}

const PREFIX_BYTES_MAX = 100;

function parsePrefix(text: string): Parsed<string[]> {
  const levels = text.split(/[./]/);
  if (levels.includes("") || /[#*+\s\p{C}]/u.test(text)) return bad("a prefix is one or more words, apart by dots", "v03");
  return Buffer.byteLength(text) <= PREFIX_BYTES_MAX ? good(levels) : bad(`a prefix has at most ${PREFIX_BYTES_MAX} bytes`);
}

export const prefix = textField({ title: "words, apart by dots", pattern: "^[^#*+\\s]{1,100}$", examples: ["v03"], parse: parsePrefix })
  .prefault("v03")
  .describe("What topics begin with.");

/** Whether the object at the broker is made where it is not there. */
export const declare = (what: string) =>
  z
    .boolean()
    .prefault(true)
    .describe(`Make ${what} where ${what.includes(" and ") ? "they are" : "it is"} not there. \`false\`: somebody else does.`);
