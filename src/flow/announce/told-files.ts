import type { HotdirError } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import { packedBytes, type PackFile } from "../read/pack.ts";
import { PACK_FILES_MAX, PACK_ROOM_BYTES, type SourceReader } from "../read/source-reader.ts";
import type { FlowSettings } from "../settings.ts";
import { notReadError, sourceFile } from "../send/context.ts";
import { BULK_ABOVE_BYTES, type ClaimedTransfer } from "../transfer.ts";
import type { Version } from "../version.ts";

/** A file that a message tells of. */
export type ToldFile = { transfer: ClaimedTransfer; version: Version };

/** What a message tells of its bytes. */
export type Known = { digest: Digest | null; content: Buffer | null };
export const nothingKnown: Known = { digest: null, content: null };

export type ToldFilesOptions = { reader: SourceReader; settings: FlowSettings; algorithm: DigestAlgorithm | null; inlineMaxBytes: number };

/** Reads the files that messages tell of: small ones many at a time, and each checked to be the version that is meant. */
export class ToldFiles {
  readonly #options: ToldFilesOptions;

  constructor(options: ToldFilesOptions) {
    this.#options = options;
  }

  /** Whether a message of this file tells more than its row knows. A file of another machine is not read: its own message has told. */
  wants({ transfer, version }: ToldFile): boolean {
    if (transfer.origin !== null && !isLocal(version)) return false;
    return this.#options.algorithm !== null || version.sizeBytes <= this.#options.inlineMaxBytes;
  }

  /** Whether it can be read with others, by `readMany`. */
  isSmall({ version }: ToldFile): boolean {
    return version.sizeBytes <= BULK_ABOVE_BYTES;
  }

  get canReadMany(): boolean {
    return this.#options.reader.canPack;
  }

  /** Takes from the front as many as fit one reading. */
  takeSome(files: ToldFile[]): ToldFile[] {
    let bytes = 0;
    let count = 0;
    for (const { version } of files) {
      bytes += packedBytes({ name: "" as Bytes, version });
      if (count > 0 && (bytes > PACK_ROOM_BYTES || count >= PACK_FILES_MAX)) break;
      count++;
    }
    return files.splice(0, count);
  }

  /** Only what `takeSome` gave, and while `canReadMany`. In their order. */
  async readMany(files: ToldFile[]): Promise<Array<Known | HotdirError>> {
    const { reader, algorithm, inlineMaxBytes } = this.#options;
    using filled = await reader.pack(
      files.map((file) => this.#packFile(file)),
      { tar: false, algorithm },
    );
    return files.map((file, at) => {
      const packed = filled.packed[at]!;
      if (packed.kind !== "packed") return notReadError(this.#options, file.transfer, packed);
      const isInline = packed.sizeBytes <= inlineMaxBytes;
      return {
        digest: packed.hex === null || algorithm === null ? null : { algorithm, hex: packed.hex },
        // The buffer goes back to its pool.
        content: isInline ? Buffer.from(filled.bytes.subarray(packed.offset, packed.offset + packed.sizeBytes)) : null,
      };
    });
  }

  /** By itself: a large one. */
  async readAlone(file: ToldFile): Promise<Known | HotdirError> {
    const { reader, algorithm } = this.#options;
    if (algorithm === null) return nothingKnown;
    const found = await reader.digest(sourceFile(this.#options, file.transfer), file.version, algorithm);
    return found.kind === "digest"
      ? { digest: { algorithm, hex: found.hex }, content: null }
      : notReadError(this.#options, file.transfer, found);
  }

  #packFile(file: ToldFile): PackFile {
    const { path, boundary, follow } = sourceFile(this.#options, file.transfer);
    return { source: path, boundary, follow, version: file.version, name: "" as Bytes, mode: null, mtimeS: 0 };
  }
}

/** `device:inode`, as a look at this machine's own files gives it. */
function isLocal({ inode }: Version): boolean {
  return /^\d+:\d+$/.test(inode);
}
