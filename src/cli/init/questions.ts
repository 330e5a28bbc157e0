import { bad, good, type Parsed } from "../../config/parsed.ts";
import { textOf } from "../../kernel/path.ts";
import type { Conversation } from "./conversation.ts";
import type { SshHost } from "./ssh-hosts.ts";
import { type Base, proposedName, readDestination, readDirectory, readFlowName, readRetain, type Wishes } from "./wishes.ts";

/** More would scroll the question away; all others can be typed. */
const HOSTS_SHOWN_MAX = 20;

/** Asks for what was not given. `hosts` is looked for only when it is needed. */
export async function askFor(
  given: Partial<Wishes>,
  talk: Conversation,
  context: { base: Base; taken: readonly string[]; hosts: () => Promise<SshHost[]> },
): Promise<Wishes> {
  const { base, taken } = context;
  const directory =
    given.directory ??
    (await talk.ask("Which directory is to be sent, with all that comes into it?", "~/hotdir", (text) => readDirectory(text, base)));
  const url = given.url ?? (await askDestination(talk, base, directory, await context.hosts()));
  const flow = given.flow ?? (await talk.ask("A name for this flow:", proposedName(url, taken), (text) => readFlowName(text, taken)));
  const retain =
    given.retain ??
    (await talk.ask(
      "What becomes of a file here once it is delivered? keep, a time after which it is deleted (7d), or a directory for it:",
      "keep",
      (text) => readRetain(text, base),
    ));
  return { ...given, directory, url, flow, retain };
}

async function askDestination(talk: Conversation, base: Base, directory: string, hosts: SshHost[]): Promise<string> {
  const shown = hosts.slice(0, HOSTS_SHOWN_MAX);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  if (shown.length > 0) talk.say("Hosts of your ssh configuration:");
  for (const [at, { name, resolved }] of shown.entries())
    talk.say(`  ${String(at + 1).padStart(2)}  ${name.padEnd(width)}  ${resolved ?? ""}`.trimEnd());
  const how =
    shown.length > 0 ? "A number, host:directory, or a directory of this machine:" : "host:directory, or a directory of this machine:";
  const chosen = await talk.ask<Chosen>(`Where to? ${how}`, null, (text) => choose(text, base, hosts, shown.length));
  if (chosen.kind === "url") return chosen.url;
  return await talk.ask(
    `Which directory there? (without / at its beginning it is below the home)`,
    textOf(directory.slice(directory.lastIndexOf("/") + 1) as Parameters<typeof textOf>[0]),
    (text) => readDestination(`${chosen.host}:${text}`, base),
  );
}

type Chosen = { kind: "url"; url: string } | { kind: "host"; host: string };

/** The name of a known host alone means that host, and not a directory of that name here. */
function choose(text: string, base: Base, hosts: SshHost[], count: number): Parsed<Chosen> {
  const number = /^\d+$/.test(text) ? Number(text) : null;
  const host = number === null ? hosts.find(({ name }) => name === text.replace(/:$/, "").replace(/^[^@]*@/, "")) : hosts[number - 1];
  if (number !== null && (host === undefined || number > count))
    return bad(count === 0 ? "there are no numbers to choose from" : `choose a number from 1 to ${count}`);
  if (host !== undefined) return good({ kind: "host", host: number === null ? text.replace(/:$/, "") : host.name });
  if (!/[/:~.]/.test(text))
    return bad(`${text} is no host of your ssh configuration: write ${text}:DIRECTORY for a host, ./${text} for a directory here`);
  const url = readDestination(text, base);
  return url.ok ? good({ kind: "url", url: url.value }) : url;
}
