import { accessSync, constants } from "node:fs";
import { type DigestAlgorithm } from "../../flow/digest.ts";
import { digestOf, type Guarantee, guaranteeOf } from "../../flow/guarantee.ts";
import type { FileFacts, Files, RemoteShell } from "../../flow/send/contract.ts";
import { openLocalFiles } from "../../flow/send/local/files.ts";
import { spaceShortage } from "../../flow/send/space.ts";
import { connectSftp } from "../../flow/send/ssh/connect.ts";
import { openRemoteShell } from "../../flow/send/ssh/remote-shell.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import type { ErrorCode } from "../../kernel/error-codes.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { silentLog } from "../../kernel/log.ts";
import { type Bytes, fsPath, show } from "../../kernel/path.ts";
import { formatBytes } from "../../kernel/readable.ts";
import { adviceFor } from "./advice.ts";
import { type Finding, good, note, problem } from "./finding.ts";

export type DestinationCheck = { findings: Finding[]; guarantee: Guarantee; unreachable: ErrorCode | null };

/** Connects and asks; writes nothing. */
export async function probeDestination(settings: FlowSettings, signal: AbortSignal): Promise<DestinationCheck> {
  const { place } = settings.destination;
  try {
    await using files = place.kind === "file" ? openLocalFiles() : await connectSftp({ ...place, signal, log: silentLog });
    await using shell = place.kind === "file" ? null : await openRemoteShell({ ...place, signal, log: silentLog });
    const canSync = files.features.sync || shell?.tools.syncfs === true;
    return {
      findings: [
        ...(place.kind === "sftp" ? [good(`connected to ${place.host}`)] : []),
        ...(await probeRoot(settings, files)),
        ...(await probeSpace(settings, files)),
        ...probeWays(settings, files, shell, canSync),
      ],
      guarantee: guaranteeOf(settings, canSync),
      unreachable: null,
    };
  } catch (error) {
    if (signal.aborted || !(error instanceof HotdirError) || place.kind === "file") throw error;
    return { findings: [problem(error.message, adviceFor(error.code, place))], guarantee: guaranteeOf(settings), unreachable: error.code };
  }
}

async function probeRoot(settings: FlowSettings, files: Files): Promise<Finding[]> {
  const root = settings.destination.place.directory as Bytes;
  const found = await nearest(files, root);
  if (found === null) return [note("the remote home cannot be looked at")];
  if (found.facts.kind !== "directory")
    return [
      problem(`${show(found.path)} at the destination is no directory`, "choose another 'destination: {url: ...}', or move it away there"),
    ];
  const shown = found.path === "" ? "the home" : show(found.path);
  if (!seemsWritable(settings, found.path, found.facts))
    return [problem(`${shown} at the destination cannot be written`, `there: chmod u+w ${shown}`)];
  return [
    found.path === root
      ? good(`${root === "" ? "the home" : show(root)} is there`)
      : note(`${show(root)} is not there yet: it is made below ${shown} with the first file`),
  ];
}

/** The root, or the nearest directory above it that is there. */
async function nearest(files: Files, root: Bytes): Promise<{ path: Bytes; facts: FileFacts } | null> {
  let path: string = root;
  for (;;) {
    const facts = await files.stat((path === "" ? "." : path) as Bytes);
    if (facts !== null) return { path: path as Bytes, facts };
    if (path === "" || path === "/") return null;
    path = path.slice(0, Math.max(path.lastIndexOf("/"), path.startsWith("/") ? 1 : 0));
  }
}

/** Here the kernel knows; over SFTP only bits are told, and not whose they are: none at all is surely too few, but for root. */
function seemsWritable(settings: FlowSettings, path: Bytes, facts: FileFacts): boolean {
  if (settings.destination.place.kind === "sftp") return settings.destination.place.user === "root" || (facts.mode & 0o222) !== 0;
  try {
    accessSync(fsPath(path), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function probeSpace({ destination }: FlowSettings, files: Files): Promise<Finding[]> {
  if (!files.features.space) return [note("the destination does not tell its free space: a full one is noticed when a write fails")];
  const found = await nearest(files, destination.place.directory as Bytes);
  const space = found === null ? null : await files.space((found.path === "" ? "." : found.path) as Bytes).catch(() => null);
  if (space === null) return [note("the destination does not tell its free space: a full one is noticed when a write fails")];
  const shortage = spaceShortage(space, destination.keepFree, false);
  if (shortage !== null) return [problem(`no room: ${shortage}`, "free some space there, or lower 'destination: {keep_free: ...}'")];
  return [good(`${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} are free`)];
}

function probeWays(settings: FlowSettings, files: Files, shell: RemoteShell | null, canSync: boolean): Finding[] {
  const findings: Finding[] = [];
  const { features } = files;
  findings.push(
    features.atomicReplace
      ? good("files are published by one atomic rename")
      : note("no posix-rename: a file that is replaced is gone for a moment, but never seen in part"),
  );
  const algorithm = digestOf(settings);
  if (algorithm !== null && settings.destination.place.kind === "sftp") findings.push(readBackBy(algorithm, shell));
  if (settings.destination.place.kind === "sftp")
    findings.push(
      shell?.tools.tar === true
        ? good("many small files go as one stream (tar there)")
        : note("no tar there: small files go one by one over SFTP, pipelined"),
    );
  if (guaranteeOf(settings) === "verified+durable") {
    findings.push(
      canSync
        ? good("bytes are made durable before the receipt")
        : note(
            "the destination offers no way to sync: receipts are not durable",
            "'destination: {durable: never}' says that this is known",
          ),
    );
  }
  return findings;
}

function readBackBy(algorithm: DigestAlgorithm, shell: RemoteShell | null): Finding {
  if (shell?.tools.digests.has(algorithm) === true) return good(`files are read back by ${algorithm} at the destination`);
  return note(`${shell === null ? "no shell" : `no ${algorithm} tool`} there: files are read back over SFTP, so every byte travels twice`);
}
