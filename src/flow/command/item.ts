import { lstat, stat } from "node:fs/promises";
import { errnoOf } from "../../kernel/errors.ts";
import { type Bytes, fsPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { BatchId } from "../ledger/batches.ts";
import type { Method, Proof } from "../receipt.ts";
import { algorithmOf, type ClaimedPut, failed, notReadError, type Result, sourceDigest, sourceFile } from "../send/context.ts";
import { sameVersion, versionOf } from "../version.ts";
import type { CommandContext } from "./command-context.ts";
import type { Comparison } from "./landing.ts";

/** One file of a round on its way. `result` is set once. */
export class Item {
  readonly put: ClaimedPut;
  digest: Digest | null = null;
  comparison: Comparison | null = null;
  /** The name that it has where it lands. */
  lands: Bytes | null = null;
  /** Its final name has its content already. */
  isThere = false;
  /** Of the command that was last run for it. */
  batch: BatchId | null = null;
  result: Result | null = null;

  constructor(put: ClaimedPut) {
    this.put = put;
  }

  get isOpen(): boolean {
    return this.result === null;
  }

  fail(error: unknown, operation: string): void {
    this.result ??= failed(error, operation, true);
  }

  deliver(proof: Proof, durable: boolean, method: Method): void {
    this.result ??= { kind: "delivered", receipt: { proof, durable }, method };
  }

  /** The digest of the very version: before anything is sent. */
  async read(context: CommandContext): Promise<void> {
    const algorithm = algorithmOf(context);
    try {
      if (algorithm === null) await this.lookAgain(context);
      else this.digest = await sourceDigest(context, this.put, this.put.change.version, algorithm);
    } catch (error) {
      this.fail(error, "read");
    }
  }

  /** Whether the source still is the version that was read: a file that changed while a command read it may have been sent in parts of both. */
  async lookAgain(context: CommandContext): Promise<void> {
    const { path, follow } = sourceFile(context, this.put);
    try {
      const found = await (follow ? stat : lstat)(fsPath(path), { bigint: true });
      if (!found.isFile() || !sameVersion(versionOf(found), this.put.change.version))
        this.fail(notReadError(context, this.put, { kind: "changed" }), "read");
    } catch (error) {
      const errno = errnoOf(error) ?? "unknown";
      this.fail(notReadError(context, this.put, errno === "ENOENT" ? { kind: "gone" } : { kind: "unreadable", errno }), "read");
    }
  }
}
