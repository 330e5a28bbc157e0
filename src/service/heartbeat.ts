import { Socket } from "node:net";
import { z } from "zod";

/** Names the descriptor of the pipe to the supervisor. */
export const HEARTBEAT_VARIABLE = "HOTDIR_HEARTBEAT_FD";
const BEAT_MS = 1000;

/** The daemon's end of the pipe. */
export interface Heartbeat extends Disposable {
  /** A byte a second from the main loop from now on, so that silence means that the loop hangs. `orphaned` is called once. */
  begin(orphaned: () => void): void;
}

/**
 * null: nobody supervises us. The other end closes with the supervisor, whatever ends it. Takes its
 * variable out of `env`, and Node keeps the descriptor from children: neither is theirs.
 */
export function takeHeartbeat(env: Record<string, string | undefined>): Heartbeat | null {
  const fd = z.coerce.number().int().min(3).max(1024).safeParse(env[HEARTBEAT_VARIABLE]);
  delete env[HEARTBEAT_VARIABLE];
  const socket = fd.success ? openPipe(fd.data) : null;
  if (socket === null) return null;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  socket.on("error", () => undefined);
  const beat = (): void => {
    // A supervisor that does not read now must not make us gather beats.
    if (socket.writableLength === 0) socket.write(".");
  };
  return {
    begin(orphaned) {
      const over = (): void => {
        if (!isOver) orphaned();
        isOver = true;
      };
      if (socket.destroyed) over();
      socket.once("close", over);
      // The supervisor says nothing, but only who reads hears that it went away.
      socket.resume();
      beat();
      timer = setInterval(beat, BEAT_MS);
    },
    [Symbol.dispose]() {
      isOver = true;
      clearInterval(timer);
      socket.destroy();
    },
  };
}

/** A variable that leads to no pipe of ours was inherited from somewhere else. */
function openPipe(fd: number): Socket | null {
  try {
    return new Socket({ fd, readable: true, writable: true });
  } catch {
    return null;
  }
}

/**
 * The supervisor's side: silence is counted in looks and not by the clock, so that a machine or a
 * supervisor that slept does not take its own sleep for the daemon's.
 */
export class HeartbeatWatch {
  readonly #boundLooks: { first: number; later: number };
  #hasBeaten = false;
  #beatSinceLook = false;
  #silentLooks = 0;

  /** `first`: how many looks until the first beat, which a large ledger may delay; `later`: between beats. */
  constructor(boundLooks: { first: number; later: number }) {
    this.#boundLooks = boundLooks;
  }

  get hasBeaten(): boolean {
    return this.#hasBeaten;
  }

  beat(): void {
    this.#hasBeaten = this.#beatSinceLook = true;
  }

  /** Called once a second. `true`: it was silent for too long. */
  look(): boolean {
    this.#silentLooks = this.#beatSinceLook ? 0 : this.#silentLooks + 1;
    this.#beatSinceLook = false;
    return this.#silentLooks >= (this.#hasBeaten ? this.#boundLooks.later : this.#boundLooks.first);
  }
}
