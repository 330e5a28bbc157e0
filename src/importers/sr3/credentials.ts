import { Remarks, type Remark } from "../remark.ts";
import { nearest } from "../../config/nearest.ts";

/** A line of credentials.conf, without its password. `hasPassword` is all that is kept of it. */
export type Credential = {
  scheme: string;
  user: string | null;
  host: string;
  port: number | null;
  hasPassword: boolean;
  /** Of ssh, as it is written. */
  keyFile: string | null;
  line: number;
};

export type CredentialsFile = { text: string; path: string; mode: number };

const known = [
  "ssh_keyfile",
  "login_method",
  "passive",
  "active",
  "binary",
  "ascii",
  "tls",
  "ssl",
  "prot_p",
  "implicit_ftps",
  "bearer_token",
  "bt",
  "s3_endpoint",
  "s3_session_token",
  "azure_storage_credentials",
];

/** `path`: as a shell finds it; `mode`: of the file. Remarks never repeat what stands in a line. */
export function parseCredentials({ text, path, mode }: CredentialsFile): { credentials: Credential[]; remarks: Remark[] } {
  const file = "credentials.conf";
  const remarks = new Remarks();
  if ((mode & 0o077) !== 0) remarks.note({ file, line: 1 }, `others may read the passwords in it: chmod 600 ${shellQuoted(path)}`);
  const credentials = text.split(/\r?\n/).flatMap((raw, at): Credential[] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const [url = "", ...rest] = line.split(/\s+/);
    const place = parsePlace(url);
    const where = { file, line: at + 1 };
    if (place === null) {
      remarks.error(where, "this is no address such as sftp://user@host, with options behind it");
      return [];
    }
    const details = rest
      .join(" ")
      .split(",")
      .map((option) => option.trim())
      .filter((option) => option !== "");
    let keyFile: string | null = null;
    for (const detail of details) {
      const [name = "", value] = detail.split(/=(.*)/s);
      if (name === "ssh_keyfile" && value !== undefined) keyFile = value.trim();
      else if (!known.includes(name)) remarks.error(where, "there is an option in it that sr3 does not know", nearest(name, known));
    }
    return [{ ...place, keyFile, line: at + 1 }];
  });
  return { credentials, remarks: remarks.all };
}

function shellQuoted(path: string): string {
  return /^[\w/.@%+:,=-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function parsePlace(url: string): Omit<Credential, "keyFile" | "line"> | null {
  // The last @ ends the login: a password may hold one.
  const match = /^([a-z][a-z0-9+.-]*):\/\/(?:(.*)@)?(\[[^\]]*\]|[^/:@]*)(?::(\d+))?(?:\/.*)?$/i.exec(url);
  if (match === null) return null;
  const [, scheme = "", login, host = "", port] = match;
  const colon = login?.indexOf(":") ?? -1;
  return {
    scheme: scheme.toLowerCase(),
    user: login === undefined ? null : colon < 0 ? login : login.slice(0, colon),
    host: host.toLowerCase(),
    port: port === undefined ? null : Number(port),
    hasPassword: colon >= 0 && colon < (login?.length ?? 0) - 1,
  };
}

/** The first entry that fits, as sr3 looks one up: a user that is asked for must be the entry's. */
export function findCredential(
  credentials: readonly Credential[],
  wanted: { schemes: readonly string[]; user: string | null; host: string; port: number | null },
): Credential | null {
  return (
    credentials.find(
      (entry) =>
        wanted.schemes.includes(entry.scheme) &&
        entry.host === wanted.host.toLowerCase() &&
        entry.port === wanted.port &&
        (wanted.user === null || entry.user === wanted.user),
    ) ?? null
  );
}
