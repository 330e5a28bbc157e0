import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { AlertSettings } from "../../config/daemon-settings.ts";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { type AbsPath, fsPath, show } from "../../kernel/path.ts";
import type { Message } from "./message.ts";

const BOUND_MS = 10_000;
const SECRET_BYTES_MAX = 16 * 1024;
const headerForm = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)$/;

export type WebhookSettings = NonNullable<AlertSettings["webhook"]>;

/** The address and the headers, read now: a secret that was changed counts from the next message on. Throws; no message has a secret in it. */
export function readWebhook({ url, headersFile }: WebhookSettings): { url: URL; headers: Record<string, string> } {
  const address = url.kind === "written" ? url.url : readSecret(url.path).trim();
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new Error(
      url.kind === "file" ? `${show(url.path)} holds no http: or https: address` : "the webhook is no http: or https: address",
    );
  const parsed = new URL(address);
  const headers: Record<string, string> = {};
  if (parsed.username !== "" || parsed.password !== "") {
    headers["authorization"] =
      `Basic ${Buffer.from(`${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`).toString("base64")}`;
    parsed.username = parsed.password = "";
  }
  const lines = headersFile === null ? [] : readSecret(headersFile).split(/\r?\n/);
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const header = headerForm.exec(line.trim());
    if (header === null) throw new Error(`${show(headersFile!)}:${at + 1} is no header; one is written Name: value`);
    headers[header[1]!.toLowerCase()] = header[2]!;
  }
  return { url: parsed, headers };
}

/** Only a file that its owner alone may read can keep a secret. */
function readSecret(path: AbsPath): string {
  let descriptor: number;
  try {
    descriptor = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Error(`${show(path)} cannot be read (${errnoOf(error) ?? "unknown error"})`, { cause: error });
  }
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > SECRET_BYTES_MAX)
      throw new Error(`${show(path)} is no file that holds a secret`);
    if ((mode & 0o077) !== 0) throw new Error(`${show(path)} can be read by others: 'chmod 600 ${show(path)}'`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Posts JSON. Rejects unless it is taken (2xx) in time; of the address only the host is ever told. */
export async function tellByWebhook(settings: WebhookSettings, message: Message, signal: AbortSignal, boundMs = BOUND_MS): Promise<void> {
  const { url, headers } = readWebhook(settings);
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      // A redirect could lead a secret header to another host, and a post would become a get.
      redirect: "manual",
      headers: { "user-agent": "hotdir", ...headers, "content-type": "application/json" },
      body: JSON.stringify(message),
      signal: AbortSignal.any([signal, AbortSignal.timeout(boundMs)]),
    });
  } catch (error) {
    throw new Error(`${url.host}: ${whyNot(error)}`, { cause: error });
  }
  // Nothing in the answer is of interest, and it may be long.
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const redirect =
    response.status >= 300 && response.status < 400 ? ", a redirect, which is not followed: write the address that it leads to" : "";
  throw new Error(`${url.host} answered ${response.status}${redirect}`);
}

/** fetch says "fetch failed", and why in its cause. Neither holds the address. */
function whyNot(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? cause.message : (errnoOf(cause) ?? messageOf(error));
}
