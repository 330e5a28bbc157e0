import { HotdirError, hasCode, never } from "../../kernel/errors.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import { isFetched, toldDigest } from "../fetch/is-fetched.ts";
import { newestDigest, wasDelivered } from "../ledger/receipts.ts";
import type { Result } from "./context.ts";
import { findThere } from "./already-there.ts";
import { algorithmOf, type ClaimedPut, failed, type SendContext, sourceDigest } from "./context.ts";
import type { Change, ClaimedTransfer } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Files } from "./contract.ts";
import { changeDirectoryMode, DEFAULT_DIRECTORY_MODE, keptDirectoryMode } from "./directory-mode.ts";
import { inflightOf } from "./layout.ts";
import { removeBelow } from "./leftovers.ts";
import { moveDirectory } from "./merge-directory.ts";
import { proveTold } from "./told-there.ts";
import { judge, prove, publish } from "./publish.ts";

type Structural = Exclude<Change, { kind: "put" }>;

const done = (method: "sent" | "renamed" = "sent"): Result => ({
  kind: "delivered",
  receipt: { proof: { basis: "structure" }, durable: false },
  method,
});

/**
 * Makes directories, links, renames and removals true at the destination. Each may be done twice
 * without harm. `sendPut` sends a renamed file whose old name does not hold its bytes there.
 */
export async function applyStructure(
  context: SendContext,
  transfer: ClaimedTransfer,
  change: Structural,
  sendPut: (put: ClaimedPut) => Promise<Result>,
): Promise<Result> {
  try {
    switch (change.kind) {
      case "mkdir":
        return await makeDirectory(context, change);
      case "link":
        return await makeSymlink(context, transfer, change);
      case "delete":
      case "rmdir":
        return await remove(context, transfer, change);
      case "rename":
        return await rename(context, transfer, change, sendPut);
      default:
        return never(change);
    }
  } catch (error) {
    return failed(error, change.kind, change.kind === "link");
  }
}

async function remove(context: SendContext, transfer: ClaimedTransfer, change: Structural & { kind: "delete" | "rmdir" }): Promise<Result> {
  const { files } = context.link.lane();
  const final = context.layout.final(change.path);
  try {
    await (change.kind === "delete" ? files.remove(final) : files.rmdir(final));
  } catch (error) {
    // Another host has put there by now what the source has under this name: what was to go is gone.
    if (transfer.origin === null || !hasCode(error, "wrong-type")) throw error;
  }
  if (change.kind === "rmdir") context.parents.forget();
  return done();
}

async function makeDirectory(context: SendContext, change: Structural & { kind: "mkdir" }): Promise<Result> {
  const { files } = context.link.lane();
  const path = context.layout.final(change.path);
  const { chmod, preserve } = context.settings.destination;
  const mode = preserve.mode ? keptDirectoryMode(change.mode) : DEFAULT_DIRECTORY_MODE;
  await context.parents.ensure(files, path);
  const made = await context.parents.within(files, path, () => files.mkdir(path, mode));
  if (chmod !== null) {
    await changeDirectoryMode(files, path, mode, chmod);
    return done();
  }
  // The far side's umask may have taken bits away, or the directory was made for a file in it before.
  if (preserve.mode) await files.setAttributes(path, { mode });
  else if (!made && (await files.stat(path))?.kind !== "directory") throw new HotdirError("wrong-type", { operation: "mkdir", path });
  return done();
}

async function makeSymlink(context: SendContext, transfer: ClaimedTransfer, change: Structural & { kind: "link" }): Promise<Result> {
  const { files } = context.link.lane();
  const inflight = context.layout.inflight(change.path, inflightOf(transfer));
  await context.parents.ensure(files, inflight);
  await files.remove(inflight);
  await context.parents.within(files, inflight, () => files.symlink(change.target, inflight));
  if ((await files.readlink(inflight)) !== change.target)
    throw new HotdirError("digest-mismatch", { operation: "link", path: inflight, detail: "the link reads back otherwise" });
  await publish(context, files, inflight, change.path);
  return done();
}

async function rename(
  context: SendContext,
  transfer: ClaimedTransfer,
  change: Structural & { kind: "rename" },
  sendPut: (put: ClaimedPut) => Promise<Result>,
): Promise<Result> {
  return change.directory || change.version === null
    ? await renameUnread(context, transfer, change)
    : await renameFile(context, transfer, { ...change, version: change.version }, sendPut);
}

/** A directory or a symlink: what is in the directory is proved by the puts that follow, which find it there. */
async function renameUnread(context: SendContext, transfer: ClaimedTransfer, change: Structural & { kind: "rename" }): Promise<Result> {
  const { files } = context.link.lane();
  const from = context.layout.final(change.from);
  const to = context.layout.final(change.path);
  const there = await files.lstat(from);
  // Another host may have put there by now what the source has under the old name, which is another thing.
  if (there !== null && (transfer.origin === null || there.kind === (change.directory ? "directory" : "symlink"))) {
    if (change.directory) await removeBelow(context, files, change.from);
    await context.parents.ensure(files, to);
    await context.parents.within(files, to, () => moveDirectory(files, from, to, context.settings.source.propagate.has("delete")));
    context.parents.forget();
  } else if (change.directory) {
    await context.parents.ensureDirectory(files, to);
  }
  return done("renamed");
}

/** The old name is read back before it becomes the new one; where it does not hold this version, the file is sent. */
async function renameFile(
  context: SendContext,
  transfer: ClaimedTransfer,
  change: Structural & { kind: "rename" } & { version: NonNullable<(Structural & { kind: "rename" })["version"]> },
  sendPut: (put: ClaimedPut) => Promise<Result>,
): Promise<Result> {
  const { files } = context.link.lane();
  const from = context.layout.final(change.from);
  const algorithm = algorithmOf(context);
  const facts = await files.lstat(from);
  const told = toldDigest(transfer);
  if (algorithm !== null && told !== null && facts?.kind === "file") {
    const proof = await proveTold(context, context.link.lane(), from, told, facts.sizeBytes);
    if (proof !== null) {
      await moveOver(context, files, from, change.path);
      return { kind: "delivered", receipt: { proof, durable: false }, method: "renamed" };
    }
  } else if (algorithm !== null && facts?.kind === "file" && facts.sizeBytes === change.version.sizeBytes) {
    const digest =
      newestDigest(context.db, context.flow, change.from, change.version, algorithm) ??
      (await presentDigest(context, transfer, change.version, algorithm));
    const [found] = digest === null ? [] : await context.link.readBack(context.link.lane()).digest(algorithm, [{ path: from }]);
    if (digest !== null && found?.hex === digest.hex) {
      const proof = judge(from, digest, found);
      await moveOver(context, files, from, change.path);
      // Another host may have put something else there in between, which has the new name now.
      if (transfer.origin === null || (await holds(context, change.path, digest)))
        return { kind: "delivered", receipt: { proof, durable: false }, method: "renamed" };
    }
  }
  // Without digests, the ledger's word that this very version was sent under the old name has to do.
  if (algorithm === null && facts?.kind === "file" && wasDelivered(context.db, context.flow, change.from, change.version)) {
    const proof = await prove(context, context.link.lane(), from, { digest: null, sizeBytes: change.version.sizeBytes });
    await moveOver(context, files, from, change.path);
    return { kind: "delivered", receipt: { proof, durable: false }, method: "renamed" };
  }
  // What was renamed and then removed is kept under its old name, unless removals are propagated too.
  const goes = context.settings.source.propagate.has("delete");
  const put: ClaimedPut = { ...transfer, change: { kind: "put", path: change.path, version: change.version, mode: change.mode, links: 1 } };
  // Another host, or we before a crash, may have renamed it already.
  const sent = ((transfer.adopt || isFetched(put)) && (await findThereOrNot(context, put))) || (await sendPut(put));
  const replaced =
    sent.kind === "failed" && (sent.error.code === "source-changed" || (sent.error.code === "source-gone" && (facts === null || goes)));
  if (sent.kind === "failed" && !replaced) return sent;
  // The new name has a newer version, or was moved on: that is another transfer's, which waits for this one. What is left to do is that the old name goes.
  await files.remove(from).catch((error: unknown) => (hasCode(error, "wrong-type") ? false : Promise.reject(error as Error)));
  return replaced ? done("renamed") : sent;
}

async function holds(context: SendContext, path: RelPath, digest: Digest): Promise<boolean> {
  const lane = context.link.lane();
  const [found] = await context.link.readBack(lane).digest(digest.algorithm, [{ path: context.layout.final(path) }]);
  return found?.hex === digest.hex;
}

async function findThereOrNot(context: SendContext, put: ClaimedPut): Promise<Result | null> {
  try {
    return await findThere(context, put);
  } catch (error) {
    if (hasCode(error, "source-changed", "source-gone")) return null;
    throw error;
  }
}

/** null: the new name does not hold this version any more, so that nothing can be compared. */
async function presentDigest(
  context: SendContext,
  transfer: ClaimedTransfer,
  version: Version,
  algorithm: DigestAlgorithm,
): Promise<Digest | null> {
  try {
    return await sourceDigest(context, transfer, version, algorithm);
  } catch (error) {
    if (hasCode(error, "source-changed", "source-gone")) return null;
    throw error;
  }
}

/** Renaming one name of a file over another of the same file does nothing (POSIX rename): then the old name goes by itself. */
async function moveOver(context: SendContext, files: Files, from: Bytes, path: RelPath): Promise<void> {
  await publish(context, files, from, path);
  await files.remove(from);
}
