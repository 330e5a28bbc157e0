import { HotdirError } from "../../src/kernel/errors.ts";
import type { ErrorCode } from "../../src/kernel/error-codes.ts";
import type { Outcome } from "../../src/flow/ledger/outcomes.ts";
import { verdict } from "../../src/flow/send/verdict.ts";
import type { Change, ClaimedTransfer } from "../../src/flow/transfer.ts";
import { sameVersion, type Version } from "../../src/flow/version.ts";
import type { SimulatedTree } from "./simulated-tree.ts";

const digest = { algorithm: "sha256" as const, hex: "00".repeat(32) };

function delivered(change: Change): Outcome {
  const content = change.kind === "put" || (change.kind === "rename" && change.version !== null && !change.directory);
  return {
    kind: "delivered",
    receipt: { proof: content ? { basis: "digest", digest } : { basis: "structure" }, durable: true },
    method: "sent",
    retain: { kind: "keep" },
  };
}

/** What `send/` does to the destination for one transfer, told shortly: the same cases, no bytes. */
export function simulateSend(
  source: SimulatedTree,
  destination: SimulatedTree,
  transfer: ClaimedTransfer,
  now: number,
): { outcome: Outcome; look: boolean } {
  const code = apply(source, destination, transfer.change);
  if (code === "replaced") return { outcome: { ...delivered({ kind: "mkdir", path: transfer.change.path, mode: 0 }) }, look: true };
  if (code === null) return { outcome: delivered(transfer.change), look: false };
  const error = new HotdirError(code, { operation: "simulate" });
  const retry = { attemptsMax: 1000, backoff: { minMs: 1, maxMs: 50 } };
  const outcome = verdict(error, {
    failures: transfer.failures,
    attempts: transfer.fence.attempt,
    litter: false,
    othersGotThrough: false,
    retry,
    now,
    random: () => 0.5,
  });
  return { outcome, look: code === "source-changed" || code === "source-gone" };
}

function apply(source: SimulatedTree, there: SimulatedTree, change: Change): ErrorCode | "replaced" | null {
  switch (change.kind) {
    case "put":
      return sendContent(source, there, change.path, change.version);
    case "link":
      if (!there.makeParents(change.path) || there.isDirectory(change.path)) return "wrong-type";
      there.nodes.set(change.path, { kind: "symlink", target: change.target, version: change.version });
      return null;
    case "mkdir":
      if (there.isDirectory(change.path)) return null;
      if (there.nodes.has(change.path) || !there.makeParents(change.path)) return "wrong-type";
      there.nodes.set(change.path, { kind: "directory" });
      return null;
    case "delete":
      return there.unlink(change.path) ? null : "wrong-type";
    case "rmdir":
      return there.rmdir(change.path) ? null : "not-empty";
    case "rename":
      return change.directory || change.version === null ? renameUnread(there, change) : renameFile(source, there, change, change.version);
  }
}

function sendContent(source: SimulatedTree, there: SimulatedTree, path: string, version: Version): ErrorCode | null {
  const now = source.nodes.get(path);
  if (now === undefined) return "source-gone";
  if (now.kind !== "file" || !sameVersion(now.version, version)) return "source-changed";
  if (!there.makeParents(path) || there.isDirectory(path)) return "wrong-type";
  there.nodes.set(path, { kind: "file", version });
  return null;
}

function renameUnread(there: SimulatedTree, change: Change & { kind: "rename" }): ErrorCode | "replaced" | null {
  if (there.nodes.has(change.from)) {
    if (!there.makeParents(change.path)) return "wrong-type";
    return there.rename(change.from, change.path) ? null : "not-empty";
  }
  if (!change.directory || there.isDirectory(change.path)) return null;
  if (there.nodes.has(change.path) || !there.makeParents(change.path)) return "wrong-type";
  there.nodes.set(change.path, { kind: "directory" });
  return null;
}

function renameFile(
  source: SimulatedTree,
  there: SimulatedTree,
  change: Change & { kind: "rename" },
  version: Version,
): ErrorCode | "replaced" | null {
  const old = there.nodes.get(change.from);
  if (old?.kind === "file" && sameVersion(old.version, version)) {
    if (!there.makeParents(change.path) || there.isDirectory(change.path)) return "wrong-type";
    there.nodes.delete(change.path);
    return there.rename(change.from, change.path) ? null : "wrong-type";
  }
  const sent = sendContent(source, there, change.path, version);
  if (sent !== null && sent !== "source-changed" && (sent !== "source-gone" || old !== undefined)) return sent;
  there.unlink(change.from);
  return sent === null ? null : "replaced";
}
