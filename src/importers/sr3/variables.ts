import { createHash } from "node:crypto";
import { type ConfigurationName, formatName, type Machine } from "./configuration-file.ts";

/** What `${NAME}` stands for while a configuration is read. */
export type Scope = {
  brokerUser: string | null;
  postBrokerUser: string | null;
  /** An option whose name is NAME in lower case hides the environment. */
  option: (name: string) => string | null;
  environment: (name: string) => string | null;
  /** Stand where sr3 makes up eight digits. */
  digits: string;
};

/** What sr3 fills in for each message. */
const perMessage =
  /^(?:BD|PBD|BUP|BUPL|baseUrlPath|baseUrlPathLast|SOURCE|\d+|%.*|(?:YYYYMMDD|YYYY|MM|DD|HH|SS|JJJ)(?:[-+]\d+[smhdwSMHDW])?)$/;

/** Texts that are another one each time and only make names unique. Here they are the same at each import. */
function randomOf(name: string, { digits }: Scope): string | null {
  const random: Readonly<Record<string, string>> = { RAND8: digits, RANDID: digits.slice(-4), INSTANCE: "01" };
  return Object.hasOwn(random, name) ? random[name]! : null;
}

/** What a queue's name ends with where nothing else is said. */
const sharePreset = "${USER}_${HOSTNAME}_${RAND8}";

/** `left`: names that stay as they are, since nobody knows them; sr3 says nothing of that. */
export function substitute(word: string, scope: Scope): { text: string; left: string[] } {
  const left: string[] = [];
  const text = word.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
    const value = valueOf(name, scope);
    if (value === null && !perMessage.test(name)) left.push(name);
    return value ?? whole;
  });
  return { text, left };
}

function valueOf(name: string, scope: Scope): string | null {
  if (name === "BROKER_USER" && scope.brokerUser !== null) return scope.brokerUser;
  if (name === "POST_BROKER_USER" && scope.postBrokerUser !== null) return scope.postBrokerUser;
  if (name === "QUEUESHARE") return scope.option("queueShare") ?? substitute(sharePreset, scope).text;
  return randomOf(name, scope) ?? scope.option(name === "PROGRAM" ? "component" : name.toLowerCase()) ?? scope.environment(name);
}

/** Eight digits that another host, user or configuration has otherwise, and this one always. */
export function digitsOf(name: ConfigurationName, { hostname, env, homeDirectory }: Machine): string {
  const whose = `${hostname}\n${env["USER"] ?? homeDirectory}\n${formatName(name)}`;
  const number = createHash("sha256").update(whose).digest().readUInt32BE(0);
  return String(number % 100_000_000).padStart(8, "0");
}
