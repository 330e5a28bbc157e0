import type { IncomingMessage } from "node:http";
import { HotdirError, hasCode, messageOf } from "../../kernel/errors.ts";
import type { Slots } from "../../kernel/concurrency.ts";
import { bytesOfText, type RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import { sameVersion, type Version } from "../version.ts";
import { type BaseUrl, requestPath, serverOf } from "./base-url.ts";
import type { OpenOptions, Origin, OriginFile } from "./contract.ts";
import { headOf, type Head, type Validator } from "./http-answer.ts";
import { type HttpClient, lost } from "./http-client.ts";

const FILE_MODE = 0o644;
/** Validators are kept for so many files, to go on with them. */
const VALIDATORS_MAX = 256;

/** The validator of each version that was begun: what a range of it is asked for with. One for all origins of a flow. */
export type Validators = Map<string, Validator>;

/** Files below one address of a web server. */
export class HttpOrigin implements Origin {
  readonly #base: BaseUrl & { kind: "http" };
  readonly #client: HttpClient;
  readonly #slots: Slots;
  readonly #validators: Validators;

  constructor(base: BaseUrl & { kind: "http" }, shared: { client: HttpClient; slots: Slots; validators: Validators }) {
    this.#base = base;
    this.#client = shared.client;
    this.#slots = shared.slots;
    this.#validators = shared.validators;
  }

  /** A web server knows no directories and no links: what it gives is a file. */
  async look(path: RelPath, signal: AbortSignal = new AbortController().signal): Promise<Sighting> {
    const url = this.#urlOf(path);
    let answer = await this.#client.ask("HEAD", url, {}, signal);
    answer.resume();
    if (answer.statusCode === 405 || answer.statusCode === 501) {
      answer = await this.#client.ask("GET", url, {}, signal);
      answer.destroy();
    }
    try {
      const { version } = headOf(answer, factsOf(url), { offset: 0 });
      return { kind: "file", path, version, mode: FILE_MODE, links: 1, writer: "unknown", how: "scan" };
    } catch (error) {
      if (hasCode(error, "source-gone")) return { kind: "gone", path, directory: false };
      if (hasCode(error, "source-unreadable", "origin-differs")) return { kind: "unreadable", path, code: error.detail ?? error.code };
      throw error;
    }
  }

  async open(path: RelPath, { from, compared }: OpenOptions, signal: AbortSignal): Promise<OriginFile> {
    const slot = await this.#slots.take(signal);
    const stop = new AbortController();
    try {
      const url = this.#urlOf(path);
      const headers = from === null ? {} : this.#rangeHeaders(url, from);
      const answer = await this.#client.ask("GET", url, headers, AbortSignal.any([signal, stop.signal]));
      const head = this.#readHead(answer, url, "range" in headers ? from!.offset : 0);
      if (from?.version && !sameVersion(from.version, head.version))
        throw destroyed(answer, new HotdirError("source-changed", factsOf(url)));
      this.#remember(url, head.validator);
      return {
        version: head.version,
        sizeBytes: head.sizeBytes,
        mtimeNs: head.mtimeNs,
        mode: null,
        offset: head.offset,
        chunks: this.#chunks(path, answer, head, { url, signal, compared }),
        [Symbol.asyncDispose]: async () => {
          if (!answer.complete) answer.destroy();
          slot[Symbol.dispose]();
        },
      };
    } catch (error) {
      stop.abort(error);
      slot[Symbol.dispose]();
      throw error;
    }
  }

  /** What nobody compares is asked for once more at its end, since a server may have sent a file that was being changed. */
  async *#chunks(
    path: RelPath,
    answer: IncomingMessage,
    head: Head,
    { url, signal, compared }: { url: URL; signal: AbortSignal; compared: boolean },
  ): AsyncGenerator<Buffer> {
    yield* bodyOf(answer, head, { url, signal, stallMs: this.#client.stallMs });
    if (compared) return;
    const now = await this.look(path, signal);
    if (now.kind !== "file" || !sameVersion(now.version, head.version)) throw new HotdirError("source-changed", factsOf(url));
  }

  /** None where nothing would hold the answer to the version that was begun: then the whole is sent again. */
  #rangeHeaders(url: URL, from: { offset: number; version: Version | null }): Record<string, string> {
    const range = `bytes=${from.offset}-`;
    if (from.version === null) return { range };
    const validator = this.#validators.get(url.href);
    if (validator === undefined) return {};
    return validator.kind === "tag" ? { range, "if-match": validator.tag } : { range, "if-unmodified-since": validator.date };
  }

  #readHead(answer: IncomingMessage, url: URL, offset: number): Head {
    try {
      return headOf(answer, factsOf(url), { offset });
    } catch (error) {
      throw destroyed(answer, error);
    }
  }

  #remember(url: URL, validator: Validator | null): void {
    this.#validators.delete(url.href);
    if (validator === null) return;
    if (this.#validators.size >= VALIDATORS_MAX) this.#validators.delete(this.#validators.keys().next().value!);
    this.#validators.set(url.href, validator);
  }

  #urlOf(path: RelPath): URL {
    const { user, prefix } = this.#base;
    const url = new URL(`${serverOf(this.#base)}${requestPath(prefix, path)}`);
    if (user !== null) url.username = user;
    return url;
  }
}

function factsOf(url: URL): { operation: string; host: string; path: ReturnType<typeof bytesOfText> } {
  return { operation: "fetch", host: url.host, path: bytesOfText(url.pathname) };
}

function destroyed(answer: IncomingMessage, error: unknown): unknown {
  answer.destroy();
  return error;
}

/** What comes, held to what its head told. Time counts only while something is waited for. */
async function* bodyOf(
  answer: IncomingMessage,
  head: Head,
  { url, signal, stallMs }: { url: URL; signal: AbortSignal; stallMs: number },
): AsyncGenerator<Buffer> {
  const body = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let at = head.offset;
  try {
    for (;;) {
      const next = await soon(body.next(), stallMs, () => answer.destroy(new Error(`nothing came for ${stallMs / 1000} s`)));
      if (next.done === true) break;
      at += next.value.length;
      yield next.value;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw lost(url, `after ${at} bytes: ${messageOf(error)}`, error);
  } finally {
    if (!answer.complete) answer.destroy();
  }
  if (head.sizeBytes !== null && at !== head.sizeBytes) throw lost(url, `${at} bytes came of ${head.sizeBytes}`);
  // Without a length, and not in chunks, nobody can tell an end from a broken connection.
  const ends = head.sizeBytes !== null || /\bchunked\b/i.test(answer.headers["transfer-encoding"] ?? "");
  if (!ends || !answer.complete) throw lost(url, "it does not tell where the file ends");
}

async function soon<T>(work: Promise<T>, boundMs: number, late: () => void): Promise<T> {
  const timer = setTimeout(late, boundMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
