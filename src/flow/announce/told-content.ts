import { Slots } from "../../kernel/concurrency.ts";
import { type Bytes, join } from "../../kernel/path.ts";
import type { Owed } from "../ledger/announcements.ts";
import { PACKS_MAX, SourceReader } from "../read/source-reader.ts";
import type { SourceSettings } from "../settings.ts";

/** The content of small delivered files, for those who want it in the message itself. */
export class ToldContent implements AsyncDisposable {
  readonly #source: SourceSettings;
  readonly #maxBytes: number;
  /** Its own, so that it takes no buffers from the sender of files. Its thread starts with the first file. */
  readonly #reader: SourceReader;
  readonly #slots = new Slots(PACKS_MAX);
  readonly #stop = new AbortController();

  constructor(source: SourceSettings, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#reader = new SourceReader(source.root);
  }

  /** null: it does not travel in the message. The source has it, unless it changed since; a message that is passed on has its own. */
  async of({ change, cameBy }: Owed): Promise<Buffer | null> {
    if (this.#maxBytes === 0 || change.kind !== "put" || change.version.sizeBytes > this.#maxBytes || cameBy !== null) return null;
    const file = { source: join(this.#source.root, change.path), version: change.version, name: "" as Bytes, mode: null, mtimeS: 0 };
    try {
      using _slot = await this.#slots.take(this.#stop.signal);
      using filled = await this.#reader.pack([file], { tar: false, algorithm: null });
      const [packed] = filled.packed;
      if (packed?.kind !== "packed") return null;
      return Buffer.from(filled.bytes.subarray(packed.offset, packed.offset + packed.sizeBytes));
    } catch {
      // It is ending: without the content the message says the same.
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reader[Symbol.asyncDispose]();
  }
}
