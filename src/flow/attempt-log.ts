import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { show } from "../kernel/path.ts";
import { formatBytes, formatAttempt } from "../kernel/readable.ts";
import { DeliveryLog } from "./delivery-log.ts";
import type { Outcome } from "./ledger/outcomes.ts";
import { describePlace } from "./place-name.ts";
import type { FlowSettings } from "./settings.ts";
import type { ClaimedTransfer } from "./transfer.ts";

/** Tells how attempts ended: what was done, to what, what happened, and what happens next. */
export class AttemptLog implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #attemptsMax: number;
  /** What stands before a path at the destination. */
  readonly #to: string;
  readonly #deliveries: DeliveryLog;

  constructor(log: Log, clock: Clock, settings: Pick<FlowSettings, "retry" | "destination">) {
    this.#log = log;
    this.#clock = clock;
    this.#attemptsMax = settings.retry.attemptsMax;
    this.#to = describePlace(settings.destination).replace(/\/?$/, "/");
    this.#deliveries = new DeliveryLog(log);
  }

  delivered(transfer: ClaimedTransfer, outcome: Outcome & { kind: "delivered" }, startedAtMs: number): void {
    const bytes = transfer.change.kind === "put" ? transfer.change.version.sizeBytes : 0;
    this.#deliveries.delivered(bytes, () => this.#line(transfer, outcome, startedAtMs));
  }

  /** The text is short, since the facts tell all: what, where, how large, how long, and on what proof. */
  #line(
    transfer: ClaimedTransfer,
    outcome: Outcome & { kind: "delivered" },
    startedAtMs: number,
  ): { text: string; facts: Record<string, unknown> } {
    const { id, change, seenAtMs } = transfer;
    const { proof } = outcome.receipt;
    const now = this.#clock.wall();
    const path = show(change.path);
    const seconds = Math.max(0, now - startedAtMs) / 1000;
    const digest = proof.basis === "digest" ? proof.digest : null;
    const what = change.kind === "put" ? `${path}, ${formatBytes(change.version.sizeBytes)}` : `${change.kind} ${path}`;
    const facts: Record<string, unknown> = { transfer: id, path, kind: change.kind, to: this.#to + path };
    if (change.kind === "rename") facts["from"] = show(change.from);
    if (change.kind === "put") facts["bytes"] = change.version.sizeBytes;
    facts["seconds"] = seconds;
    facts["lag_s"] = Math.max(0, now - seenAtMs) / 1000;
    facts["method"] = outcome.method;
    facts["basis"] = proof.basis;
    if (digest !== null) {
      facts["algorithm"] = digest.algorithm;
      facts["digest"] = digest.hex;
    }
    const proved = digest === null ? "" : `, ${digest.algorithm} ${digest.hex.slice(0, 16)}…`;
    return { text: `delivered ${what} in ${seconds.toFixed(1)} s${proved}`, facts };
  }

  failed(transfer: ClaimedTransfer, outcome: Outcome): void {
    const { id, change, failures } = transfer;
    const path = show(change.path);
    const facts = { transfer: id, path, kind: change.kind };
    if (outcome.kind === "give-up")
      this.#log.error(`${path}: dead letter: ${outcome.error.message}; 'hotdir retry ${path}' sends it again`, {
        ...facts,
        code: outcome.error.code,
      });
    else if (outcome.kind === "back-off") {
      const seconds = Math.max(0, (outcome.dueAt - this.#clock.steady()) / 1000).toFixed(1);
      this.#log.warn(`${path}: ${outcome.error.message}; retrying in ${seconds} s (${formatAttempt(failures + 2, this.#attemptsMax)})`, {
        ...facts,
        code: outcome.error.code,
      });
    } else if (outcome.kind === "give-back" && outcome.counted) {
      const seconds = (outcome.afterMs / 1000).toFixed(1);
      const next = `its message comes again to any host in ${seconds} s (${formatAttempt(failures + 2, this.#attemptsMax)})`;
      this.#log.warn(`${path}: ${outcome.error.message}; ${next}`, { ...facts, code: outcome.error.code });
    } else if (outcome.kind !== "delivered") {
      // Of an origin that is out of reach it is told once, and not for each of its files.
      const why = outcome.kind === "give-back" ? outcome.error.message : outcome.reason;
      this.#log.debug(`${path}: ${why}`, { ...facts, code: outcome.kind });
    }
  }

  [Symbol.dispose](): void {
    this.#deliveries[Symbol.dispose]();
  }
}
