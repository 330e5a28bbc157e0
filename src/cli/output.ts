import { once } from "node:events";

/** Gathered to so many bytes before each write: a row at a time would be a system call a row. */
const CHUNK_BYTES = 64 * 1024;

/** Writes any amount to a stream without holding more than a chunk of it. Bytes go out as they are. */
export class Output {
  readonly #stream: NodeJS.WritableStream;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  async write(piece: string | Buffer): Promise<void> {
    const chunk = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= CHUNK_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    if (all.length > 0 && !this.#stream.write(all)) await once(this.#stream, "drain");
  }
}
