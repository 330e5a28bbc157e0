import { Slots } from "../../kernel/concurrency.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { Owed } from "../ledger/announcements.ts";
import { SourceReader } from "../read/source-reader.ts";
import type { SourceSettings } from "../settings.ts";
import { sourceFileOf } from "../source-file.ts";
import type { Change } from "../transfer.ts";

/** Files that are read at once, each into a buffer of the reader; and contents in memory until their messages are with the broker. */
const READ_MAX = 2;
const HELD_MAX = 32;

/** Until it is disposed of it counts as held. */
export type HeldContent = Disposable & { content: Buffer | null };

const noContent: HeldContent = { content: null, [Symbol.dispose]: () => undefined };

/** The content of small delivered files, for those who want it in the message itself. */
export class ToldContent implements AsyncDisposable {
  readonly #source: SourceSettings;
  readonly #maxBytes: number;
  /** Its own, so that it takes no buffers from the sender of files. Its thread starts with the first file. */
  readonly #reader: SourceReader;
  readonly #reading = new Slots(READ_MAX);
  readonly #held = new Slots(HELD_MAX);
  readonly #stop = new AbortController();

  constructor(source: SourceSettings, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#reader = new SourceReader(source.root);
  }

  /** No content: it does not travel in the message. The source has it, unless it changed since; a message that is passed on has its own. */
  async of({ change, cameBy }: Owed): Promise<HeldContent> {
    if (this.#maxBytes === 0 || change.kind !== "put" || change.version.sizeBytes > this.#maxBytes || cameBy !== null) return noContent;
    try {
      using undo = new DisposableStack();
      undo.use(await this.#held.take(this.#stop.signal));
      const content = await this.#read(change);
      const held = undo.move();
      return { content, [Symbol.dispose]: () => held.dispose() };
    } catch {
      // It is ending: without the content the message says the same.
      return noContent;
    }
  }

  async #read(change: Change & { kind: "put" }): Promise<Buffer | null> {
    const { path: source, boundary, follow } = sourceFileOf(this.#source, { change, origin: null, file: null });
    const file = { source, boundary, follow, version: change.version, name: "" as Bytes, mode: null, mtimeS: 0 };
    using _slot = await this.#reading.take(this.#stop.signal);
    using filled = await this.#reader.pack([file], { tar: false, algorithm: null });
    const [packed] = filled.packed;
    if (packed?.kind !== "packed") return null;
    return Buffer.from(filled.bytes.subarray(packed.offset, packed.offset + packed.sizeBytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reader[Symbol.asyncDispose]();
  }
}
