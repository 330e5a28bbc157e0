import { assert } from "../../kernel/errors.ts";

/**
 * Gathers requests that come one by one into batches: the first goes at once, and those that arrive
 * while batches are under way go together when one has been answered. An idle flow waits for
 * nothing, a busy one fills its batches by itself.
 */
export class Batcher<Request, Answer> {
  readonly #send: (requests: Request[]) => Promise<Answer[]>;
  readonly #limits: { batchMax: number; underWayMax: number };
  #waiting: Array<{ request: Request; resolve: (answer: Answer) => void; reject: (error: unknown) => void }> = [];
  #underWay = 0;

  /** @param send answers in the order of the requests; a rejection is every request's. */
  constructor(limits: { batchMax: number; underWayMax: number }, send: (requests: Request[]) => Promise<Answer[]>) {
    this.#limits = limits;
    this.#send = send;
  }

  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      // At the end of this turn, so that requests made together go together.
      if (this.#waiting.length === 1) queueMicrotask(() => this.#next());
    });
  }

  /** Whatever goes wrong is an answer. */
  async #ask(requests: Request[]): Promise<Answer[]> {
    const answers = await this.#send(requests);
    assert(answers.length === requests.length, "every request has its answer");
    return answers;
  }

  #next(): void {
    while (this.#underWay < this.#limits.underWayMax && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#limits.batchMax);
      this.#underWay++;
      void this.#ask(batch.map((entry) => entry.request))
        .then(
          (answers) => batch.forEach((entry, at) => entry.resolve(answers[at]!)),
          (error: unknown) => batch.forEach((entry) => entry.reject(error)),
        )
        .finally(() => {
          this.#underWay--;
          this.#next();
        });
    }
  }
}
