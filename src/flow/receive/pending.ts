import type { Handled, Received } from "../bus.ts";
import type { TransferId } from "../transfer.ts";

/** A message that was not answered yet. */
export class PendingMessage {
  readonly received: Received;
  /** Aborts when it can no longer be acknowledged: it comes again, to whomever. */
  readonly signal: AbortSignal;
  /** The transfers that it waits for. */
  readonly open = new Set<TransferId>();
  readonly #answer: (handled: Handled) => void;
  #worst: Handled = { outcome: "done" };
  #answered = false;

  constructor(received: Received, signal: AbortSignal, answer: (handled: Handled) => void) {
    this.received = received;
    this.signal = signal;
    this.#answer = answer;
  }

  get answered(): boolean {
    return this.#answered;
  }

  answer(handled: Handled): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#answer(handled);
  }

  /** One of its transfers has ended; the last one answers, with what is worst of all. */
  ended(transfer: TransferId, handled: Handled): void {
    if (!this.open.delete(transfer)) return;
    if (rank[handled.outcome] > rank[this.#worst.outcome]) this.#worst = handled;
    if (this.open.size === 0) this.answer(this.#worst);
  }
}

/** Whatever is not finished comes again. */
const rank: Record<Handled["outcome"], number> = { done: 0, dead: 1, again: 2, "hand-back": 3 };

/** Which messages wait for which transfers. Only of this moment: after a kill the broker gives them to somebody once more. */
export class Pending {
  readonly #byTransfer = new Map<TransferId, Set<PendingMessage>>();
  readonly #messages = new Set<PendingMessage>();
  /** By what ends with them, a channel say: one listener for each, however many messages came by it. */
  readonly #bySignal = new Map<AbortSignal, { messages: Set<PendingMessage>; forget: () => void }>();

  get size(): number {
    return this.#messages.size;
  }

  /** What it was told of, until it is answered. */
  *[Symbol.iterator](): Iterator<PendingMessage> {
    yield* this.#messages;
  }

  /** @param lost what it waits for goes on without it. */
  add(
    received: Received,
    signal: AbortSignal,
    answer: (handled: Handled) => void,
    lost: (message: PendingMessage) => void,
  ): PendingMessage {
    const together = this.#endingWith(signal, lost);
    const message: PendingMessage = new PendingMessage(received, signal, (handled) => {
      this.#messages.delete(message);
      together.messages.delete(message);
      if (together.messages.size === 0) together.forget();
      for (const transfer of message.open) this.#detach(transfer, message);
      answer(handled);
    });
    this.#messages.add(message);
    together.messages.add(message);
    if (signal.aborted) giveUp([message], lost);
    return message;
  }

  #endingWith(signal: AbortSignal, lost: (message: PendingMessage) => void): { messages: Set<PendingMessage>; forget: () => void } {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return known;
    const messages = new Set<PendingMessage>();
    const abort = (): void => giveUp([...messages], lost);
    const together = {
      messages,
      forget: () => {
        signal.removeEventListener("abort", abort);
        this.#bySignal.delete(signal);
      },
    };
    this.#bySignal.set(signal, together);
    signal.addEventListener("abort", abort);
    return together;
  }

  attach(message: PendingMessage, transfer: TransferId): void {
    if (message.answered) return;
    message.open.add(transfer);
    const waiting = this.#byTransfer.get(transfer) ?? new Set();
    waiting.add(message);
    this.#byTransfer.set(transfer, waiting);
  }

  /** Whoever waited for one transfer waits for others in its place. */
  move(from: TransferId, to: readonly TransferId[]): void {
    for (const message of this.waitingFor(from)) {
      for (const transfer of to) this.attach(message, transfer);
      message.open.delete(from);
      this.#detach(from, message);
    }
  }

  waitingFor(transfer: TransferId): PendingMessage[] {
    return [...(this.#byTransfer.get(transfer) ?? [])];
  }

  has(transfer: TransferId): boolean {
    return this.#byTransfer.has(transfer);
  }

  ended(transfer: TransferId, handled: Handled): void {
    for (const message of this.waitingFor(transfer)) {
      this.#detach(transfer, message);
      message.ended(transfer, handled);
    }
  }

  #detach(transfer: TransferId, message: PendingMessage): void {
    const waiting = this.#byTransfer.get(transfer);
    waiting?.delete(message);
    if (waiting?.size === 0) this.#byTransfer.delete(transfer);
  }
}

function giveUp(messages: readonly PendingMessage[], lost: (message: PendingMessage) => void): void {
  for (const message of messages) {
    lost(message);
    message.answer({ outcome: "hand-back" });
  }
}
