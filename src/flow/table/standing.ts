import type { SteadyMs } from "../../kernel/clock.ts";
import { show } from "../../kernel/path.ts";
import type { FollowContext } from "./follow-rows.ts";
import type { TableAway } from "./table-thread.ts";

/** A table that is away, or locked, is asked for again after so long. */
export const AGAIN_MS = 1000;
/** Who only waits for another's lock is in no trouble yet. */
const LOCKED_SHOWN_MS = 3000;

/** How it stands with reading a table, or with writing it: it is waited for, and that is shown. */
export class TableStanding {
  readonly #context: Pick<FollowContext, "source" | "clock" | "log">;
  readonly #what: string;
  #since: SteadyMs | null = null;
  #againAt: SteadyMs = 0;
  #shown: string | null = null;

  constructor(context: Pick<FollowContext, "source" | "clock" | "log">, what: string) {
    this.#context = context;
    this.#what = what;
  }

  /** For people; null: it can be used, or is only locked for the moment. */
  get trouble(): string | null {
    return this.#shown;
  }

  /** The last try succeeded. */
  get isGood(): boolean {
    return this.#since === null;
  }

  /** It may be asked for, or asked for again. */
  get isDue(): boolean {
    return this.#context.clock.steady() >= this.#againAt;
  }

  failed({ message, locked }: TableAway): void {
    const { source, clock, log } = this.#context;
    this.#since ??= clock.steady();
    this.#againAt = clock.steady() + AGAIN_MS;
    if (locked && clock.steady() - this.#since < LOCKED_SHOWN_MS) return;
    const trouble = `${this.#what} table ${source.table}: ${message}`;
    if (this.#shown !== trouble) log.warn(`${trouble}; it is waited for, and asked for again every ${AGAIN_MS / 1000} s`);
    this.#shown = trouble;
  }

  succeeded(): void {
    if (this.#shown !== null)
      this.#context.log.info(`${this.#what} table ${this.#context.source.table} of ${show(this.#context.source.database)}: goes on`);
    this.#since = null;
    this.#againAt = 0;
    this.#shown = null;
  }
}
