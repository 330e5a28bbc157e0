import { appendFileSync, readFileSync } from "node:fs";
import { type DaemonPlace, Hotdir, type Outcome } from "./daemon.ts";
import { isAlive } from "./processes.ts";
import { waitUntil } from "./waiting.ts";

type Record = {
  state: string;
  nextStart: string | null;
  endings: Array<{ at: string; reason: string; status: number | null; signal: string | null; lastWords: string[] }>;
};

/** What `hotdir start` leaves running on a place: asked by the command line, and looked at from outside. Ends with its scope. */
export class Background implements AsyncDisposable {
  readonly hotdir: Hotdir;
  readonly #place: DaemonPlace;
  readonly #seen = new Set<number>();

  constructor(place: DaemonPlace) {
    this.#place = place;
    // The log of a daemon in the foreground, which is quoted where a wait fails.
    appendFileSync(place.logFile, "");
    this.hotdir = new Hotdir(place);
  }

  async start(...args: string[]): Promise<Outcome> {
    const outcome = await this.hotdir.ask("start", ...args);
    this.#note();
    return outcome;
  }

  /** null: no process is named in the lock, or the one that is does not run. */
  get supervisor(): number | null {
    return this.#holder("supervisor.lock");
  }

  get daemon(): number | null {
    return this.#holder("owner.lock");
  }

  record(): Record {
    return JSON.parse(readFileSync(`${this.#place.stateDirectory}/supervisor.json`, "utf8")) as Record;
  }

  log(): string {
    return readFileSync(`${this.#place.stateDirectory}/log/service.log`, "utf8");
  }

  /** The next daemon after `before`, once it answers. */
  async nextDaemon(before: number | null, timeoutMs = 30_000): Promise<number> {
    const pid = await waitUntil(
      "another daemon",
      async () => {
        const { daemon } = this;
        return daemon !== null && daemon !== before && (await this.hotdir.status()).daemon.pid === daemon ? daemon : null;
      },
      { timeoutMs, everyMs: 20, explain: () => this.log() },
    );
    this.#note();
    return pid;
  }

  /** SIGKILL for the supervisor, and for its daemon after it, as a power cut would. */
  async cutPower(): Promise<void> {
    const pids = [this.supervisor, this.daemon].filter((pid) => pid !== null);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await waitUntil("all of it gone", () => pids.every((pid) => !isAlive(pid)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#note();
    await this.hotdir.ask("stop", "--timeout", "5");
    // What a test left in a state that 'stop' does not end must not outlive it.
    for (const pid of this.#seen) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }

  #note(): void {
    for (const pid of [this.supervisor, this.daemon]) if (pid !== null) this.#seen.add(pid);
  }

  #holder(lock: string): number | null {
    try {
      const pid = Number(readFileSync(`${this.#place.stateDirectory}/${lock}`, "utf8").split(" ")[0]);
      return Number.isInteger(pid) && pid > 1 && isAlive(pid) && pid !== process.pid ? pid : null;
    } catch {
      return null;
    }
  }
}
