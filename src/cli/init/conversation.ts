import { createInterface, type Interface } from "node:readline";
import type { Parsed } from "../../config/parsed.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { CliContext } from "../command.ts";

/**
 * Questions and answers on a terminal. Ctrl-C, and the end of the input, end it at any moment: what
 * waits rejects with `interrupted`, and `signal` aborts.
 */
export class Conversation implements Disposable {
  readonly #lines: Interface;
  readonly #output: NodeJS.WriteStream;
  readonly #stop = new AbortController();
  readonly signal: AbortSignal;

  constructor({ stdin, stdout, signal }: CliContext) {
    this.#output = stdout;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#lines = createInterface({ input: stdin, output: stdout });
    const end = (): void => this.#stop.abort(new HotdirError("interrupted", { operation: "init", detail: "nothing was written" }));
    this.#lines.on("SIGINT", end);
    this.#lines.on("close", end);
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  /** Asks until the answer is good. `preset`: what Enter means; null: an answer is needed. */
  async ask<T>(question: string, preset: string | null, read: (answer: string) => Parsed<T>): Promise<T> {
    for (;;) {
      const answer = await this.#answer(`${question}${preset === null ? "" : ` [${preset}]`} `);
      const parsed: Parsed<T> =
        answer === "" && preset === null ? { ok: false, message: "an answer is needed; Ctrl-C ends" } : read(answer || (preset ?? ""));
      if (parsed.ok) return parsed.value;
      this.say(`  ${parsed.message}${parsed.suggestion === undefined ? "" : `; did you mean ${parsed.suggestion}?`}`);
    }
  }

  confirm(question: string, preset: boolean): Promise<boolean> {
    return this.ask(`${question} (yes or no)`, preset ? "yes" : "no", (answer) => {
      const word = answer.toLowerCase();
      if (word !== "" && "yes".startsWith(word)) return { ok: true, value: true };
      if (word !== "" && "no".startsWith(word)) return { ok: true, value: false };
      return { ok: false, message: "say yes or no" };
    });
  }

  #answer(question: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) return reject(this.signal.reason as Error);
      const refuse = (): void => reject(this.signal.reason as Error);
      this.signal.addEventListener("abort", refuse, { once: true });
      this.#lines.question(question, (answer) => {
        this.signal.removeEventListener("abort", refuse);
        resolve(answer.trim());
      });
    });
  }

  [Symbol.dispose](): void {
    this.#lines.removeAllListeners("close");
    this.#lines.close();
  }
}
