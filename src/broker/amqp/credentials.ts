import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { inspect } from "node:util";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, fsPath, show } from "../../kernel/path.ts";
import { type BrokerAddress, readAddress, sameBroker, unescaped } from "./address.ts";

/** Holds a password, and shows it to whoever asks for it by its method alone: not to a log, not to JSON. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return "***";
  }
  toJSON(): string {
    return "***";
  }
  [inspect.custom](): string {
    return "***";
  }
}

export type Credentials = { user: string; password: Secret };

export type CredentialsFault =
  | { fault: "unreadable"; file: string; errno: string }
  /** `mode`: what it is; 600 is what it may be at most. */
  | { fault: "open-to-others"; file: string; mode: string }
  | { fault: "not-ours"; file: string }
  | { fault: "too-large"; file: string }
  | { fault: "no-entry"; file: string };

export type CredentialsRead = { ok: true; credentials: Credentials } | { ok: false; fault: CredentialsFault };

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The line for this broker in a file in the form of sr3's `credentials.conf`: a URL with its password (percent
 * encoded where it has to be), then options, which are not ours. The file is asked for each time a connection is made, so that
 * a new password is taken up without a restart.
 */
export async function readCredentials(path: AbsPath, address: BrokerAddress): Promise<CredentialsRead> {
  const file = show(path);
  try {
    await using handle = await open(fsPath(path), constants.O_RDONLY);
    const facts = await handle.stat();
    // Asked of the open file, so that what is checked is what is read.
    if ((facts.mode & 0o077) !== 0) return refused({ fault: "open-to-others", file, mode: (facts.mode & 0o777).toString(8) });
    if (facts.uid !== process.getuid?.() && facts.uid !== 0) return refused({ fault: "not-ours", file });
    if (!facts.isFile() || facts.size > FILE_BYTES_MAX) return refused({ fault: "too-large", file });
    const found = entryFor(await handle.readFile("utf8"), address);
    return found === null ? refused({ fault: "no-entry", file }) : { ok: true, credentials: found };
  } catch (error) {
    return refused({ fault: "unreadable", file, errno: errnoOf(error) ?? "unknown" });
  }
}

function refused(fault: CredentialsFault): CredentialsRead {
  return { ok: false, fault };
}

/** The first that fits, as sr3 looks it up: scheme, host, port and vhost equal, the user equal where the address names one. */
export function entryFor(text: string, wanted: BrokerAddress): Credentials | null {
  for (const line of text.split("\n")) {
    const [url = ""] = line.trim().split(/\s+/);
    const match = /^((?:amqp|mqtt)s?:\/\/)([^:/@\s]+):([^/\s]*)@([^@\s]+)$/.exec(url);
    if (match === null) continue;
    const [, scheme = "", user = "", password = "", rest = ""] = match;
    const read = readAddress(`${scheme}${user}@${rest}`);
    if (!read.ok || !sameBroker(read.address, wanted)) continue;
    if (wanted.user !== null && read.address.user !== wanted.user) continue;
    return { user: unescaped(user), password: new Secret(unescaped(password)) };
  }
  return null;
}

/** What to tell the person who owns the file. */
export function credentialsFaultText(fault: CredentialsFault): string {
  switch (fault.fault) {
    case "unreadable":
      // With a colon behind the name of such a file the log would take the reason for a secret.
      return fault.errno === "ENOENT" ? `there is no ${fault.file}` : `${fault.file} cannot be read (${fault.errno})`;
    case "open-to-others":
      return `${fault.file} can be read by others (mode ${fault.mode}): chmod 600 ${fault.file}`;
    case "not-ours":
      return `${fault.file} belongs to another user`;
    case "too-large":
      return `${fault.file} is no file of at most ${FILE_BYTES_MAX} B`;
    case "no-entry":
      return `${fault.file} has no line for this broker and user`;
  }
}
