import { absPath, type Bytes, bytesOfText } from "../kernel/path.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/**
 * A destination as it is written, before `~` and relative paths of this machine are resolved.
 * Directories are byte strings: percent escapes stand for bytes, other text for its UTF-8.
 */
export type DestinationUrl =
  /** `directory`: absolute, or relative to the remote home, which is "". */
  | { kind: "sftp"; host: string; user: string | null; port: number | null; directory: Bytes }
  /** `directory`: absolute, or relative to the home of this machine's user, or to the configuration file's directory. */
  | { kind: "file"; from: "home" | "configuration"; directory: Bytes };

/** A path of 4 KiB with every byte escaped, and a host. */
const URL_CHARACTERS_MAX = 3 * 4096 + 512;

/**
 * Reads `sftp://user@host:port/~/dir`, `sftp://host/abs`, `file:/path`, `file:///path`. Messages
 * never repeat what stands between `//` and `@`, since a password may be in it.
 */
export function parseDestinationUrl(text: string): Parsed<DestinationUrl> {
  if (text.length > URL_CHARACTERS_MAX) return bad("the URL is too long");
  const scheme = /^(sftp|file|ssh|scp):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "sftp") return parseSftp(text.slice("sftp:".length));
  if (scheme === "file") return parseFile(text.slice("file:".length));
  if (text === "") return bad("the URL is empty");
  if (scheme === "ssh" || scheme === "scp")
    return bad(`hotdir writes by SFTP: the URL begins with sftp:`, hasPassword(text) ? undefined : `sftp${text.slice(scheme.length)}`);
  if (/^[/.~]/.test(text)) return bad("a directory of this machine is written with file:", text.includes("@") ? undefined : `file:${text}`);
  const scp = /^((?:[^\s:@/]+@)?[^\s:@/]+):(.*)$/s.exec(text);
  if (scp && !text.includes("://"))
    return bad("a destination is a URL", `sftp://${scp[1]}${scp[2]!.startsWith("/") ? scp[2] : `/~/${scp[2]}`}`);
  return bad("a destination is sftp://host/~/directory, sftp://host/directory or file:/directory");
}

/** By position rather than by a pattern, which could take very long over a hostile text. */
function hasPassword(text: string): boolean {
  const authority = text.indexOf("//");
  return authority >= 0 && text.slice(authority, Math.max(authority, text.lastIndexOf("@"))).includes(":");
}

function parseSftp(rest: string): Parsed<DestinationUrl> {
  if (hasPassword(rest)) {
    return bad(
      "a password in the URL is not used and should not be in a file: use an ssh key or agent, and change the password if others could read it",
    );
  }
  const match = /^\/\/(?:([^/]*)@)?(\[[^\]/]*\]|[^/:@[\]]*)(?::([^/]*))?(\/.*)?$/s.exec(rest);
  if (!match) return bad("a destination is written sftp://user@host:port/directory");
  const [, rawUser, rawHost = "", rawPort, rawPath] = match;
  const host = parseHost(rawHost);
  if (!host.ok) return host;
  const user = rawUser === undefined ? good(null) : parseUser(rawUser);
  if (!user.ok) return user;
  const port = rawPort === undefined ? good(null) : parsePort(rawPort);
  if (!port.ok) return port;
  if (rawPath === undefined) return bad("the URL names no directory: /~/ is the remote home, / the root", `sftp:${rest}/~/`);
  if (/^\/~[^/]/.test(rawPath)) return bad("only the remote user's own home can be written with ~", `sftp:${rest.replace("/~", "/%7E")}`);
  const directory = parseRemoteDirectory(rawPath);
  return directory.ok
    ? good({ kind: "sftp", host: host.value, user: user.value, port: port.value, directory: directory.value })
    : directory;
}

/** A name of ~/.ssh/config, a DNS name or an address. ssh must not take it for an option. */
function parseHost(raw: string): Parsed<string> {
  if (raw.startsWith("[")) {
    const address = decodeText(raw.slice(1, -1));
    return address.ok && !/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(address.value) ? bad("in brackets stands an IPv6 address") : address;
  }
  if (raw === "") return bad("the URL names no host");
  if (raw.startsWith("-") || !/^[\w.-]+$/.test(raw)) return bad("a host has letters, digits, dots, - and _, and does not begin with -");
  return good(raw);
}

function parseUser(raw: string): Parsed<string> {
  const user = decodeText(raw);
  if (!user.ok) return user;
  if (user.value === "" || user.value.startsWith("-") || /[\s\p{C}]/u.test(user.value))
    return bad("the user before @ is empty, begins with -, or has spaces");
  return user;
}

function parsePort(raw: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(raw) ? Number(raw) : 0;
  return port >= 1 && port <= 65_535
    ? good(port)
    : bad("the port after the host is a number from 1 to 65535; a directory begins with / after it");
}

function parseRemoteDirectory(raw: string): Parsed<Bytes> {
  const home = raw === "/~" || raw.startsWith("/~/");
  const decoded = decodeBytes(home ? raw.slice(3) : raw);
  if (!decoded.ok) return decoded;
  // With symbolic links on the way, `..` would not be where it seems to be.
  if (decoded.value.split("/").includes("..")) return bad("a destination has no .. in it: write the directory itself");
  const clean = absPath(decoded.value);
  return good(home ? (clean.slice(1) as Bytes) : clean);
}

function parseFile(rest: string): Parsed<DestinationUrl> {
  const match = /^(?:\/\/([^/]*))?(.*)$/s.exec(rest);
  const [, host = "", raw = ""] = match ?? [];
  if (host !== "" && host !== "localhost") {
    return bad("file: is a directory of this machine and names no host", hasPassword(rest) ? undefined : `file:/${host}${raw}`);
  }
  if (raw === "") return bad("the URL names no directory");
  if (/^~[^/]/.test(raw)) return bad("only one's own home can be written with ~", `file:/home/${raw.slice(1)}`);
  const home = raw.startsWith("~");
  const decoded = decodeBytes(home ? raw.slice(2) : raw);
  return decoded.ok ? good({ kind: "file", from: home ? "home" : "configuration", directory: decoded.value }) : decoded;
}

function decodeBytes(raw: string): Parsed<Bytes> {
  const special = /[?#]/.exec(raw)?.[0];
  if (special !== undefined)
    return bad(`${special} in a directory is written %${special.charCodeAt(0).toString(16).toUpperCase()}`, undefined);
  if (/%(?![0-9a-f]{2})/i.test(raw)) return bad("% is followed by two hexadecimal digits; a literal % is written %25");
  const decoded = bytesOfText(raw).replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  ) as Bytes;
  if (decoded.includes("\0")) return bad("a path cannot hold a NUL character");
  return good(decoded);
}

function decodeText(raw: string): Parsed<string> {
  try {
    return good(decodeURIComponent(raw));
  } catch {
    return bad("% is followed by two hexadecimal digits; a literal % is written %25");
  }
}
