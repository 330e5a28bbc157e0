import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type ReadBack, toolReadBack } from "../verify/read-back.ts";
import type { RemoteShell } from "./contract.ts";

const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };
/** Whether there is a shell is waited for so long; then work begins without it. */
const WAIT_MS = 2000;

type Opening = (signal: AbortSignal, patient: boolean) => Promise<RemoteShell | null>;

/** The remote shells of one destination: one for packs and small digests, and one for large files, so that neither waits behind the other. */
export class Shells implements AsyncDisposable {
  /** null: none (yet, or for now); then files go one by one and are read back over SFTP. */
  current: RemoteShell | null = null;
  /** A shell that is open, and of which it is not yet known whether it sees the same files as SFTP (`same-tree.ts`). */
  candidate: RemoteShell | null = null;
  /** How the current shell reads back; null where there is none. */
  readBack: ReadBack | null = null;
  readonly #open: Opening;
  readonly #signal: AbortSignal;
  readonly #log: Log;
  readonly #changed: () => void;
  #state: "unknown" | "opening" | "open" | "none" | "rejected" = "unknown";
  #waitedFor = false;
  #failures = 0;
  #large: Promise<RemoteShell | null> | null = null;

  constructor(options: { open: Opening; signal: AbortSignal; log: Log; changed: () => void }) {
    this.#open = options.open;
    this.#signal = options.signal;
    this.#log = options.log;
    this.#changed = options.changed;
  }

  /** Whether it is known if there is a shell, or was waited for long enough. */
  get known(): boolean {
    return this.#waitedFor || (this.#state !== "unknown" && this.#state !== "opening");
  }

  /** Opens one in the background where that was not tried yet, or is due again. */
  want(): void {
    if (this.#state === "unknown" && !this.#signal.aborted) void this.#openCandidate();
  }

  /** A lane is open: from now on the wait for a shell is bounded. */
  boundWait(): void {
    if (this.known) return;
    const timer = setTimeout(() => {
      this.#waitedFor = true;
      this.#changed();
    }, WAIT_MS);
    timer.unref();
  }

  succeeded(): void {
    this.#failures = 0;
  }

  async #openCandidate(): Promise<void> {
    this.#state = "opening";
    try {
      const shell = await this.#open(this.#signal, false);
      this.#state = shell === null ? "none" : "open";
      this.candidate = shell;
      void shell?.ended.then((error) => this.#ended(error));
    } catch (error) {
      // Without a shell everything still works, over SFTP; with the host out of reach the lanes tell it.
      if (!this.#signal.aborted) this.#log.debug(`no remote shell for now: ${messageOf(error)}`);
      this.#lost();
    }
    this.#changed();
  }

  /** The candidate was tried: it is used from now on, or never (another root, as with a chroot for SFTP only). */
  judge(seesTheSameFiles: boolean): void {
    const shell = this.candidate;
    this.candidate = null;
    if (shell === null) return;
    if (seesTheSameFiles) {
      this.current = shell;
      this.readBack = toolReadBack(shell);
      return;
    }
    this.#log.info("the remote shell does not see the files that SFTP makes; files go one by one and are read back over SFTP");
    this.#state = "rejected";
    void shell[Symbol.asyncDispose]();
  }

  /** Reads back large files; opened at the first use. null: it cannot be had now. */
  async large(): Promise<ReadBack | null> {
    if (this.current === null) return null;
    this.#large ??= this.#openLarge();
    const shell = await this.#large;
    return shell === null ? null : toolReadBack(shell);
  }

  async #openLarge(): Promise<RemoteShell | null> {
    try {
      const shell = await this.#open(this.#signal, true);
      void shell?.ended.then(() => (this.#large = null));
      return shell;
    } catch (error) {
      this.#log.debug(`no second remote shell: ${messageOf(error)}`);
      this.#large = null;
      return null;
    }
  }

  #ended(error: Error | null): void {
    this.current = null;
    this.candidate = null;
    this.readBack = null;
    if (this.#signal.aborted) return;
    if (error !== null) this.#log.debug(`remote shell ended: ${error.message}`);
    this.#lost();
    this.#changed();
  }

  /** Over SFTP meanwhile; asked for again with back-off. */
  #lost(): void {
    if (this.#signal.aborted || this.#state === "rejected") return;
    this.#state = "none";
    this.#failures++;
    const again = (): void => {
      if (this.#state === "none" && this.current === null) this.#state = "unknown";
      this.want();
    };
    setTimeout(again, backoffDelayMs(BACKOFF, this.#failures)).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const large = this.#large?.then((shell) => shell?.[Symbol.asyncDispose]());
    await Promise.allSettled([large, (this.current ?? this.candidate)?.[Symbol.asyncDispose]()]);
  }
}
