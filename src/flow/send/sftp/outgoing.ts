import type { Writable } from "node:stream";
import type { PacketWriter } from "./packet-writer.ts";

/** Above this, waiting for more packets gains nothing. */
const FLUSH_BYTES = 64 * 1024;

/**
 * Brings encoded packets to the stream: those of one turn of the event loop become one `writev`.
 * How much waits here is bounded by the session's bytes in flight.
 */
export class Outgoing {
  readonly #writer: PacketWriter;
  readonly #stream: Writable;
  readonly #onProgress: () => void;
  #scheduled = false;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** @param onProgress called whenever the stream has taken bytes. */
  constructor(writer: PacketWriter, stream: Writable, onProgress: () => void) {
    this.#writer = writer;
    this.#stream = stream;
    this.#onProgress = onProgress;
  }

  /** To be called after each packet. */
  packetAdded(): void {
    if (this.#writer.pendingBytes >= FLUSH_BYTES) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#flush);
    }
  }

  flush(): void {
    if (this.#writer.pendingBytes === 0 || this.#stream.destroyed) return;
    const { chunks, spent } = this.#writer.take();
    const last = chunks.length - 1;
    this.#stream.cork();
    for (let index = 0; index < last; index++) this.#stream.write(chunks[index]!);
    this.#stream.write(chunks[last]!, (error) => {
      if (error) return;
      this.#writer.release(spent);
      this.#onProgress();
    });
    this.#stream.uncork();
  }
}
