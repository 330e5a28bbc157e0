import { setTimeout as sleepFor } from "node:timers/promises";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { siblingModule } from "../../kernel/module.ts";
import type { TableAnswers, TableAsk, TablePlace } from "./messages.ts";
import type { ThreadAnswer, ThreadAsk } from "./worker.ts";

/** A wait for a lock is shorter. */
const END_WITHIN_MS = 3000;

/** The table cannot be used now. */
export class TableAway extends Error {
  readonly locked: boolean;

  constructor(message: string, locked: boolean) {
    super(message);
    this.locked = locked;
  }
}

/** The table of another program's database: what is asked is answered by a thread, in order. */
export class TableThread implements AsyncDisposable {
  readonly #place: TablePlace;
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  #worker: Worker | null = null;
  #nextId = 1;
  #ended = false;

  constructor(place: TablePlace) {
    this.#place = place;
  }

  /** Rejects with `TableAway` where the table cannot be used now. */
  ask<Ask extends TableAsk["ask"]>(question: TableAsk & { ask: Ask }): Promise<TableAnswers[Ask]> {
    if (this.#ended) return Promise.reject(new TableAway("the table is left", false));
    this.#worker ??= this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker!.postMessage({ id, question } satisfies ThreadAsk);
    });
  }

  #start(): Worker {
    const { database, table, columns, where, algorithm } = this.#place;
    const worker = new Worker(siblingModule(import.meta.url, "worker"), {
      workerData: { database, table, columns, where, algorithm } satisfies TablePlace,
      name: "hotdir-table",
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    worker.on("message", ({ id, answer }: ThreadAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if ("trouble" in answer) waiting?.reject(new TableAway(answer.trouble, answer.locked));
      else waiting?.resolve(answer as never);
    });
    worker.on("error", (error) => this.#fail(worker, error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => this.#fail(worker, new TableAway("the thread of the table ended", false)));
    return worker;
  }

  /** A thread dies only by our own fault; its questions fail, and the next one starts another. */
  #fail(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    const worker = this.#worker;
    if (worker === null) return;
    const exited = once(worker, "exit");
    worker.postMessage({ id: 0, question: { ask: "end" } } satisfies ThreadAsk);
    const bound = new AbortController();
    await Promise.race([exited, sleepFor(END_WITHIN_MS, undefined, { signal: bound.signal }).catch(() => undefined)]);
    bound.abort();
    await worker.terminate();
  }
}
