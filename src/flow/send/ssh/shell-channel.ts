import { HotdirError, messageOf } from "../../../kernel/errors.ts";
import type { SshChild } from "./child.ts";
import { type Answer, AnswerReader } from "./shell-answers.ts";

type Waiting = { resolve: (answer: Answer) => void; reject: (error: Error) => void; answerBytesMax: number };

export type ChannelOptions = {
  child: SshChild;
  token: string;
  /** Why the child is gone; settles within a bound. */
  explainEnd: () => Promise<HotdirError>;
  /** An answer is awaited and nothing moves for so long. A digest of a very large file says nothing for minutes. */
  stallMs: number;
};

/** What may stand before the first answer: banners, start-up files that print. */
const BANNER_BYTES_MAX = 256 * 1024;

/** Requests to the shell program one after another, and their answers, which come in the same order. */
export class ShellChannel {
  readonly ended: Promise<Error | null>;
  /** The first word of every request line. */
  readonly token: string;
  readonly #options: ChannelOptions;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #stopWaiting: () => void = () => {};
  #movedAtMs = performance.now();
  #settleEnded!: (reason: Error | null) => void;
  readonly #watchdog: NodeJS.Timeout;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.token = options.token;
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
    this.#watchdog = setInterval(() => this.#checkStall(), Math.max(options.stallMs / 8, 5)).unref();
    const reader = new AnswerReader(
      options.token,
      (answer) => this.#waiting.shift()?.resolve(answer),
      () => this.#waiting[0]?.answerBytesMax ?? BANNER_BYTES_MAX,
    );
    options.child.stdout.on("data", (chunk: Buffer) => {
      this.#movedAtMs = performance.now();
      try {
        if (this.#failure === null) reader.push(chunk);
      } catch (error) {
        this.end(error as Error);
      }
    });
    options.child.stdout.on("error", () => {});
    void options.child.exited.then(async () => this.end(await options.explainEnd()));
  }

  /**
   * Sends a request when those before it are sent. `chunks` must give all that the request line
   * announces: what is missing is for the caller to make up (`padded`).
   */
  request(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, answerBytesMax: number): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    const write = async (): Promise<void> => {
      if (this.#failure !== null) throw this.#failure;
      if (this.#waiting.length === 0) this.#movedAtMs = performance.now();
      this.#waiting.push({ ...answer, answerBytesMax: answerBytesMax + BANNER_BYTES_MAX });
      for await (const chunk of chunks) await this.#write(chunk);
    };
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      answer.reject(error);
      // Somewhere within a request the far side waits for bytes that nobody has.
      this.end(error instanceof Error ? error : new Error(messageOf(error)));
    });
    return answer.promise;
  }

  /** Later and outstanding requests reject with `reason`, or with `connection-lost` where there is none. */
  end(reason: Error | null): void {
    if (this.#failure !== null) return;
    this.#failure = reason ?? new HotdirError("connection-lost", { operation: "ask the shell", detail: "it was closed" });
    clearInterval(this.#watchdog);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
    this.#stopWaiting();
    this.#settleEnded(reason);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (!this.#options.child.stdin.write(chunk)) await this.#drained();
    this.#movedAtMs = performance.now();
  }

  /** Or ended: a stream that is destroyed never drains. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopWaiting = resolve;
      this.#options.child.stdin.once("drain", resolve);
    });
  }

  #checkStall(): void {
    const { stallMs } = this.#options;
    if (this.#waiting.length === 0 || performance.now() - this.#movedAtMs < stallMs) return;
    this.end(new HotdirError("connection-stalled", { operation: "ask the shell", detail: `no byte moved for ${stallMs / 1000} s` }));
  }
}

/** A header and a stream of exactly `lengthBytes`, made up with zeros where `chunks` ends early or throws: the far side counts on them. */
export async function* padded(options: {
  header: Uint8Array;
  lengthBytes: number;
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  onShort: (error: Error) => void;
}): AsyncGenerator<Uint8Array> {
  yield options.header;
  let left = options.lengthBytes;
  try {
    for await (const chunk of options.chunks) {
      if (chunk.length > left) throw new Error("broken invariant: more bytes than announced");
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw new Error(`broken invariant: ${left} bytes fewer than announced`);
  } catch (error) {
    options.onShort(error as Error);
  }
  const zeros = new Uint8Array(Math.min(left, 64 * 1024));
  for (; left > 0; left -= Math.min(left, zeros.length)) yield left < zeros.length ? zeros.subarray(0, left) : zeros;
}
