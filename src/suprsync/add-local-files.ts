import { messageOf } from "../kernel/errors.ts";
import type { SuprsyncDatabase } from "./database.ts";
import { fileMd5 } from "./file-md5.ts";
import { KnownPaths } from "./known-paths.ts";
import { type Found, localFiles } from "./local-files.ts";
import { register, type Registration } from "./registration.ts";

export type AddLocalFiles = {
  /** null: there is none yet, so that nothing is known and nothing can be added. */
  database: SuprsyncDatabase | null;
  archive: string;
  root: string;
  /** Files that changed less long ago are left for the next call. */
  lastEditS: number;
  /** Nothing is read or added, only told of. */
  dry: boolean;
  /** Of each file that was added (dry: would be), and of each that cannot be. */
  tell: (what: { path: string; remotePath: string } | { path: string; why: string }) => Promise<void>;
  signal: AbortSignal;
};

/** What became of a tree's files. */
export type Tally = { added: number; addedBytes: number; known: number; young: number; skipped: number };

/** Files of one transaction, and how long the first of them waits for it. */
const BATCH_FILES = 100;
const BATCH_MS = 1000;

/**
 * Registers every file below a root that the archive does not have, under its path below the root. Files are read one after the other and
 * registered in short transactions: what was added before an end stays, and the next call goes on. What cannot be read is told and passed
 * over. Throws where the root cannot be read, or the database not be written.
 */
export async function addLocalFiles(options: AddLocalFiles): Promise<Tally> {
  const { database, archive, root, lastEditS, signal } = options;
  const registrar = new Registrar(options, database === null ? null : await KnownPaths.of(database, archive));
  const except = database === null ? [] : ["", "-wal", "-shm", "-journal"].map((end) => `${database.path}${end}`);
  for await (const found of localFiles(root, { changedBeforeMs: Date.now() - lastEditS * 1000, except })) {
    signal.throwIfAborted();
    await registrar.take(found);
  }
  await registrar.commit();
  return registrar.tally;
}

class Registrar {
  readonly tally: Tally = { added: 0, addedBytes: 0, known: 0, young: 0, skipped: 0 };
  readonly #options: AddLocalFiles;
  readonly #known: KnownPaths | null;
  #batch: Array<{ file: Registration; sizeBytes: number }> = [];
  #beganMs = 0;

  constructor(options: AddLocalFiles, known: KnownPaths | null) {
    this.#options = options;
    this.#known = known;
  }

  async take(found: Found): Promise<void> {
    if (found.kind === "skipped") await this.#skip(found.path, found.why);
    else if (await this.#isKnown(found.path)) this.tally.known++;
    else if (found.kind === "young") this.tally.young++;
    else if (this.#options.dry) {
      this.tally.added++;
      await this.#options.tell(found);
    } else await this.#hash(found);
    if (this.#batch.length >= BATCH_FILES || (this.#batch.length > 0 && performance.now() - this.#beganMs > BATCH_MS)) await this.commit();
  }

  async commit(): Promise<void> {
    const { database, tell } = this.#options;
    const known = this.#known;
    if (database === null || known === null || this.#batch.length === 0) return;
    const batch = this.#batch;
    const added = await database.write((db) => {
      // Another may have been faster.
      known.catchUp(db);
      const fresh = batch.filter(({ file }) => !known.has(db, file.localPath));
      for (const { file } of fresh) register(db, file);
      return fresh;
    });
    this.#batch = [];
    this.tally.known += batch.length - added.length;
    for (const { file, sizeBytes } of added) {
      this.tally.added++;
      this.tally.addedBytes += sizeBytes;
      await tell({ path: file.localPath, remotePath: file.remotePath });
    }
  }

  async #isKnown(path: string): Promise<boolean> {
    const { database } = this.#options;
    const known = this.#known;
    return database !== null && known !== null && (await database.read((db) => known.has(db, path)));
  }

  async #hash({ path, remotePath }: { path: string; remotePath: string }): Promise<void> {
    const { archive, signal } = this.#options;
    try {
      const { md5, sizeBytes } = await fileMd5(path, signal);
      if (this.#batch.length === 0) this.#beganMs = performance.now();
      this.#batch.push({ file: { localPath: path, remotePath, archive, md5, timestampS: Date.now() / 1000, deletable: true }, sizeBytes });
    } catch (error) {
      signal.throwIfAborted();
      await this.#skip(path, messageOf(error));
    }
  }

  async #skip(path: string, why: string): Promise<void> {
    this.tally.skipped++;
    await this.#options.tell({ path, why });
  }
}
