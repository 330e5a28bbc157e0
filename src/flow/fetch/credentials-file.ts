import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errnoOf, HotdirError } from "../../kernel/errors.ts";
import { type AbsPath, fsPath } from "../../kernel/path.ts";
import type { Authorize } from "./http-client.ts";

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Authorizes HTTP requests from a file in the form of Sarracenia's `credentials.conf`: a URL with user and password (percent
 * encoded where it has to be) on a line, or with `bearer_token=...` after it. Read anew for each request that it may be about, so
 * that a new password counts at once. Where others could read it nothing is fetched until that is mended.
 */
export function authorizeFrom(file: AbsPath): Authorize {
  return async (url) => {
    const text = await readSecret(file);
    return text === null ? null : authorizationFor(text, url);
  };
}

/** null: there is no such file, and so nothing to say. */
async function readSecret(file: AbsPath): Promise<string | null> {
  const fault = (detail: string): HotdirError =>
    new HotdirError("origin-unreachable", { operation: "read credentials", path: file, detail });
  try {
    await using handle = await open(fsPath(file), constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if ((facts.mode & 0o077) !== 0) throw fault(`it can be read by others (mode ${(facts.mode & 0o777).toString(8)}): chmod 600`);
    if (!facts.isFile() || facts.size > FILE_BYTES_MAX) throw fault("it is no file of such a kind");
    return await handle.readFile("utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error instanceof HotdirError ? error : fault(errnoOf(error) ?? "unknown");
  }
}

/** The first line that fits: scheme, host and port equal, its path above that of the request, the user equal where one is asked for. Pure. */
export function authorizationFor(text: string, wanted: URL): string | null {
  for (const line of text.split("\n")) {
    const [address = "", ...options] = line.trim().split(/\s+/);
    if (!/^https?:\/\//i.test(address)) continue;
    const entry = URL.parse(address);
    if (entry === null || entry.protocol !== wanted.protocol || entry.host !== wanted.host) continue;
    const above = entry.pathname.endsWith("/") ? entry.pathname : `${entry.pathname}/`;
    if (!wanted.pathname.startsWith(above)) continue;
    if (wanted.username !== "" && entry.username !== "" && unescaped(entry.username) !== unescaped(wanted.username)) continue;
    const bearer = options.map((option) => /^(?:bearer_token|bt)=(\S+)$/.exec(option.replace(/,$/, ""))?.[1]).find(Boolean);
    if (bearer !== undefined) return `Bearer ${bearer}`;
    if (entry.username === "") continue;
    return `Basic ${Buffer.from(`${unescaped(entry.username)}:${unescaped(entry.password)}`, "utf8").toString("base64")}`;
  }
  return null;
}

/** A stray `%` is itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
