import type { SteadyMs } from "../../kernel/clock.ts";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { type RelPath, show } from "../../kernel/path.ts";
import type { Known } from "../ledger/admissions.ts";
import type { FileSet, SetId } from "../ledger/file-sets.ts";
import type { LocalSource } from "../settings.ts";
import { surveySet } from "./survey.ts";

/** What is still not recorded after so many looks will not be by the next one: a run that ends when idle does not wait for it. */
const TIMES_MAX = 10;

export type SurveysOptions = {
  source: LocalSource;
  known: (path: RelPath) => Known | null;
  /** Looks at paths of the source again: they are in it, and are not recorded so. */
  look: (paths: RelPath[]) => void;
  /** The source, from `at` on, held nothing of the set that was not recorded. */
  clean: (set: SetId, at: SteadyMs) => void;
  broken: (error: unknown) => void;
};

/** Surveys sets one after the other, each at most once until it is asked for again. */
export class Surveys implements AsyncDisposable {
  readonly #options: SurveysOptions;
  readonly #wanted = new Map<SetId, { path: RelPath; at: SteadyMs }>();
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  /** In the source there was more of them than is recorded, so many times in a row. */
  readonly #unclean = new Map<SetId, number>();
  /** Why the source cannot be compared. */
  trouble: string | null = null;

  constructor(options: SurveysOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#working === null && ![...this.#unclean.values()].some((times) => times < TIMES_MAX);
  }

  /** Whether its last survey found what was not recorded. */
  isUnclean(id: SetId): boolean {
    return this.#unclean.has(id);
  }

  /** More files are expected in it by now. */
  forget(id: SetId): void {
    this.#unclean.delete(id);
  }

  want({ id, path }: FileSet, at: SteadyMs): void {
    if (!this.#wanted.has(id)) this.#wanted.set(id, { path, at });
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  async #work(): Promise<void> {
    // Never within the transaction that asked.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [id, { path, at }] of this.#wanted) {
      if (this.#stop.signal.aborted) return;
      this.#wanted.delete(id);
      try {
        await this.#survey(id, path, at);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const code = errnoOf(error);
        if (code === null) return this.#options.broken(error);
        this.trouble = `${show(path)} cannot be compared with the source: ${messageOf(error)}; tried again every second`;
      }
    }
  }

  async #survey(id: SetId, path: RelPath, at: SteadyMs): Promise<void> {
    const { source, known, look, clean } = this.#options;
    const { unknown } = await surveySet(source, path, known, this.#stop.signal);
    this.trouble = null;
    if (unknown.length === 0) {
      this.#unclean.delete(id);
      return clean(id, at);
    }
    this.#unclean.set(id, (this.#unclean.get(id) ?? 0) + 1);
    look(unknown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }
}
