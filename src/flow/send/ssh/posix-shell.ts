import { HotdirError } from "../../../kernel/errors.ts";
import { type Bytes, bufferOf, show } from "../../../kernel/path.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithms, opensslNames, toolNames } from "../../digest.ts";
import type { DigestRequest, RemoteShell } from "../contract.ts";
import { codeOfComplaint } from "./complaints.ts";
import { matchDigests, readDigest } from "./digest-lines.ts";
import type { Answer } from "./shell-answers.ts";
import { padded, type ShellChannel } from "./shell-channel.ts";

/** From xargs: the tool was killed or could not be run. Below that, it complained about some names. */
const TOOL_FAILED = 124;
const COMPLAINT_BYTES_MAX = 4096;

/** @param words what the shell program answered to `hello` */
export function toolsOf(words: ReadonlySet<string>): RemoteShell["tools"] {
  return {
    digests: new Set(digestAlgorithms.filter((algorithm) => words.has(toolNames[algorithm]))),
    ranges: words.has("ranges"),
    tar: words.has("tar"),
    syncfs: words.has("sync"),
  };
}

/** The requests of the contract in the words of the shell program. */
export class PosixShell implements RemoteShell {
  readonly ended: Promise<Error | null>;
  readonly tools: RemoteShell["tools"];
  readonly #channel: ShellChannel;
  readonly #close: () => Promise<void>;
  readonly #words: ReadonlySet<string>;
  readonly #host: string;
  readonly #token: string;

  constructor(options: {
    channel: ShellChannel;
    close: () => Promise<void>;
    tools: RemoteShell["tools"];
    words: ReadonlySet<string>;
    host: string;
  }) {
    this.ended = options.channel.ended;
    this.tools = options.tools;
    this.#channel = options.channel;
    this.#close = options.close;
    this.#words = options.words;
    this.#host = options.host;
    this.#token = options.channel.token;
  }

  async digest(algorithm: DigestAlgorithm, requests: DigestRequest[]): Promise<Array<Digest | null>> {
    if (!this.tools.digests.has(algorithm)) throw this.#error("unsupported", "digest", `no ${toolNames[algorithm]}`);
    const many = this.#words.has("xargs") && this.#words.has(`${toolNames[algorithm]}-z`);
    const inMany = (request: DigestRequest): boolean => many && request.range === undefined && request.large !== true;
    const whole = requests.filter(inMany);
    const single = requests.filter((request) => !inMany(request));
    const [wholeDigests, singleDigests] = await Promise.all([
      this.#digestMany(algorithm, whole),
      Promise.all(single.map((request) => this.#digestOne(algorithm, request))),
    ]);
    let wholeAt = 0;
    let singleAt = 0;
    return requests.map((request) => (inMany(request) ? wholeDigests[wholeAt++]! : singleDigests[singleAt++]!));
  }

  async unpack(directory: Bytes, lengthBytes: number, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.tools.tar) throw this.#error("unsupported", "unpack", "no tar");
    const name = bufferOf(toolPath(directory));
    const broken: Error[] = [];
    const header = Buffer.concat([this.#line("unpack", name.length, lengthBytes), name]);
    const stream = padded({ header, lengthBytes, chunks, onShort: (error) => void broken.push(error) });
    const answer = await this.#channel.request(stream, COMPLAINT_BYTES_MAX);
    for (const error of broken) throw error;
    this.#throwComplaint("unpack", directory, answer);
  }

  async syncfs(directory: Bytes): Promise<void> {
    if (!this.tools.syncfs) throw this.#error("unsupported", "sync", "no sync -f");
    const name = bufferOf(toolPath(directory));
    this.#throwComplaint("sync", directory, await this.#channel.request([this.#line("sync", name.length), name], COMPLAINT_BYTES_MAX));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel.end(null);
    await this.#close();
  }

  async #digestMany(algorithm: DigestAlgorithm, requests: DigestRequest[]): Promise<Array<Digest | null>> {
    if (requests.length === 0) return [];
    const paths = requests.map((request) => toolPath(request.path));
    const names = bufferOf(`${paths.join("\0")}\0` as Bytes);
    const answer = await this.#channel.request(
      [this.#line("many", toolNames[algorithm], names.length), names],
      names.length + requests.length * 140,
    );
    if (answer.status >= TOOL_FAILED)
      throw this.#error("digest-unavailable", "digest", `${toolNames[algorithm]} ended with status ${answer.status}`);
    return matchDigests(algorithm, paths, answer.entries);
  }

  async #digestOne(algorithm: DigestAlgorithm, { path, range }: DigestRequest): Promise<Digest | null> {
    if (range !== undefined && !this.tools.ranges) throw this.#error("unsupported", "digest", "no tail and head");
    const name = bufferOf(toolPath(path));
    const [from, length] = range === undefined ? ["-", "-"] : [range.offset + 1, range.lengthBytes];
    const openssl = `openssl-${opensslNames[algorithm]}`;
    const tool = this.#words.has(openssl) ? openssl : toolNames[algorithm];
    const answer = await this.#channel.request([this.#line("one", tool, from, length, name.length), name], 1024);
    return answer.status === 0 ? readDigest(algorithm, answer.entries.at(-1) ?? "") : null;
  }

  /** A request line; none of its words comes from a name. */
  #line(...words: Array<string | number>): Buffer {
    return Buffer.from(`${[this.#token, ...words].join(" ")}\n`);
  }

  #throwComplaint(operation: string, path: Bytes, { status, entries }: Answer): void {
    if (status === 0) return;
    const text = show((entries.at(-1) ?? "").trim().split("\n").slice(-3).join("; ") as Bytes).slice(0, 300);
    throw new HotdirError(codeOfComplaint(entries.at(-1) ?? ""), {
      operation,
      path,
      host: this.#host,
      detail: text === "" ? `status ${status}` : text,
    });
  }

  #error(code: "unsupported" | "digest-unavailable", operation: string, detail: string): HotdirError {
    return new HotdirError(code, { operation, host: this.#host, detail });
  }
}

/** Never an option, never `-` for standard input. A NUL would make two names of one. */
function toolPath(path: Bytes): Bytes {
  if (path.includes("\0")) throw new HotdirError("name-refused", { operation: "ask the shell", path, detail: "no path holds a NUL" });
  return (path.startsWith("/") ? path : `./${path}`) as Bytes;
}
