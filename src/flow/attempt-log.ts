import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { show } from "../kernel/path.ts";
import { formatBytes } from "../kernel/readable.ts";
import { DeliveryLog } from "./delivery-log.ts";
import type { Outcome } from "./ledger/outcomes.ts";
import type { ClaimedTransfer } from "./transfer.ts";

/** Tells how attempts ended: what was done, to what, what happened, and what happens next. */
export class AttemptLog implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #attemptsMax: number;
  readonly #deliveries: DeliveryLog;

  constructor(log: Log, clock: Clock, attemptsMax: number) {
    this.#log = log;
    this.#clock = clock;
    this.#attemptsMax = attemptsMax;
    this.#deliveries = new DeliveryLog(log);
  }

  delivered(transfer: ClaimedTransfer, outcome: Outcome & { kind: "delivered" }, startedAtMs: number): void {
    const { change } = transfer;
    const { proof } = outcome.receipt;
    const sizeBytes = change.kind === "put" ? change.version.sizeBytes : 0;
    this.#deliveries.delivered(sizeBytes, () => {
      const size = change.kind === "put" ? `, ${formatBytes(sizeBytes)}` : "";
      const digest = proof.basis === "digest" ? `, ${proof.digest.algorithm} ${proof.digest.hex.slice(0, 16)}…` : "";
      const text = `delivered ${change.kind === "put" ? "" : `${change.kind} `}${show(change.path)}${size}${digest}`;
      return { text, facts: { transfer: transfer.id, method: outcome.method, seconds: (this.#clock.wall() - startedAtMs) / 1000 } };
    });
  }

  failed(transfer: ClaimedTransfer, outcome: Outcome): void {
    const name = show(transfer.change.path);
    if (outcome.kind === "give-up")
      this.#log.error(`${name}: dead letter: ${outcome.error.message}; 'hotdir retry ${name}' sends it again`);
    else if (outcome.kind === "back-off") {
      const seconds = Math.max(0, (outcome.dueAt - this.#clock.steady()) / 1000).toFixed(1);
      this.#log.warn(
        `${name}: ${outcome.error.message}; retrying in ${seconds} s (attempt ${transfer.failures + 2} of ${this.#attemptsMax})`,
      );
    } else if (outcome.kind !== "delivered") this.#log.debug(`${name}: ${outcome.reason}`);
  }

  [Symbol.dispose](): void {
    this.#deliveries[Symbol.dispose]();
  }
}
