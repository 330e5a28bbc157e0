import { filePlaceOf } from "../../flow/file-place.ts";
import { accessSync, constants } from "node:fs";
import { type DigestAlgorithm, digestAlgorithms } from "../../flow/digest.ts";
import { digestOf, type Guarantee, guaranteeOf } from "../../flow/guarantee.ts";
import type { FileFacts, Files, RemoteShell } from "../../flow/send/contract.ts";
import { openLocalFiles } from "../../flow/send/local/files.ts";
import { spaceShortage } from "../../flow/send/space.ts";
import { connectSftp } from "../../flow/send/ssh/connect.ts";
import { openRemoteShell } from "../../flow/send/ssh/remote-shell.ts";
import type { FilePlace, FlowSettings } from "../../flow/settings.ts";
import type { ErrorCode } from "../../kernel/error-codes.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, type Bytes, fsPath, show } from "../../kernel/path.ts";
import { formatBytes } from "../../kernel/readable.ts";
import { formatSize } from "../../config/units.ts";
import { adviceFor, sshCommand } from "./advice.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import { permissionFix } from "./permission.ts";
import { shellWord } from "./shell-word.ts";
import type { Written } from "./written.ts";

export type DestinationCheck = { findings: Finding[]; guarantee: Guarantee; unreachable: ErrorCode | null };

/** Connects and asks; writes nothing. */
export async function probeDestination(settings: FlowSettings, written: Written, signal: AbortSignal): Promise<DestinationCheck> {
  const place = filePlaceOf(settings.destination);
  try {
    await using files = place.kind === "file" ? openLocalFiles() : await connectSftp({ ...place, signal, log: silentLog });
    await using shell = place.kind === "file" ? null : await openRemoteShell({ ...place, signal, log: silentLog });
    const canSync = files.features.sync || shell?.tools.syncfs === true;
    return {
      findings: [
        ...(place.kind === "sftp" ? [good(`connected to ${place.host}`)] : []),
        ...(await probeRoot(settings, files, written)),
        ...(await probeSpace(settings, files, written)),
        ...probeWays(settings, { files, shell, canSync }, written),
      ],
      guarantee: guaranteeOf(settings, canSync),
      unreachable: null,
    };
  } catch (error) {
    if (signal.aborted || !(error instanceof HotdirError) || place.kind === "file") throw error;
    return {
      findings: [problem(error.message, adviceFor(error.code, place, error.message))],
      guarantee: guaranteeOf(settings),
      unreachable: error.code,
    };
  }
}

async function probeRoot(settings: FlowSettings, files: Files, written: Written): Promise<Finding[]> {
  const place = filePlaceOf(settings.destination);
  const root = place.directory as Bytes;
  const found = await nearest(files, root);
  if (found === null) return [note("the remote home cannot be looked at", onPlace(place, "ls -ld ."))];
  if (found.facts.kind !== "directory")
    return [
      problem(
        `${show(found.path)} at the destination is no directory`,
        `${written("destination.url", "ANOTHER-ADDRESS")}; or move it away there: ${onPlace(place, `mv ${shellWord(found.path)} ${shellWord(`${found.path}.old` as Bytes)}`)}`,
      ),
    ];
  const shown = found.path === "" ? "the home" : show(found.path);
  if (!seemsWritable(settings, found.path, found.facts))
    return [problem(`${shown} at the destination cannot be written`, writableFix(place, found.path))];
  return [
    found.path === root
      ? good(`${root === "" ? "the home" : show(root)} is there`)
      : {
          ...note(
            `${show(root)} is not there yet: it is made below ${shown} with the first file`,
            `to make it now: ${onPlace(place, `mkdir -p ${shellWord(root)}`)}`,
          ),
          missing: true,
        },
  ];
}

/** A command where the destination is. */
function onPlace(place: FilePlace, command: string): string {
  return place.kind === "file" ? command : sshCommand(place, command);
}

function writableFix(place: FilePlace, path: Bytes): string {
  if (place.kind === "file") return permissionFix(path as AbsPath, "rwx");
  return sshCommand(place, `chmod u+rwx ${path === "" ? "." : shellWord(path)}`);
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

async function probeSpace({ destination }: FlowSettings, files: Files, written: Written): Promise<Finding[]> {
  const place = filePlaceOf(destination);
  const untold = note(
    "the destination does not tell its free space: a full one is noticed when a write fails",
    `to look yourself: ${onPlace(place, `df -h ${place.directory === "" ? "." : shellWord(place.directory as Bytes)}`)}`,
  );
  if (!files.features.space) return [untold];
  const found = await nearest(files, place.directory as Bytes);
  const path = (found === null || found.path === "" ? "." : found.path) as Bytes;
  const space = found === null ? null : await files.space(path).catch(() => null);
  if (space === null) return [untold];
  const shortage = spaceShortage(space, destination.keepFree, false);
  if (shortage === null) return [good(`${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} are free`)];
  const less = written("destination.keep_free", formatSize(halfOf(space.freeBytes)));
  return [
    problem(`no room: ${shortage}`, `free some space there: ${onPlace(place, `du -xh -d1 ${shellWord(path)}`)}; or keep less: ${less}`),
  ];
}

/** Half of it, as a round number. */
function halfOf(bytes: number): number {
  const unit = bytes >= 4 * 2 ** 30 ? 2 ** 30 : bytes >= 4 * 2 ** 20 ? 2 ** 20 : 2;
  return Math.floor(bytes / 2 / unit) * unit;
}

type Ways = { files: Files; shell: RemoteShell | null; canSync: boolean };

function probeWays(settings: FlowSettings, { files, shell, canSync }: Ways, written: Written): Finding[] {
  const findings: Finding[] = [];
  const place = filePlaceOf(settings.destination);
  findings.push(
    files.features.atomicReplace
      ? good("files are published by one atomic rename")
      : note(
          "no posix-rename: a file that is replaced is gone for a moment, but never seen in part",
          "an OpenSSH server offers it: 'Subsystem sftp internal-sftp' in the host's sshd_config",
        ),
  );
  const algorithm = digestOf(settings);
  if (algorithm !== null && place.kind === "sftp") findings.push(readBackBy(algorithm, shell, written));
  if (place.kind === "sftp")
    findings.push(
      shell?.tools.tar === true
        ? good("many small files go as one stream (tar there)")
        : note(
            "no tar there: small files go one by one over SFTP, pipelined",
            `quicker with tar in the path of '${sshCommand(place, "tar --version")}'`,
          ),
    );
  if (guaranteeOf(settings) === "verified+durable") {
    findings.push(
      canSync
        ? good("bytes are made durable before the receipt")
        : note(
            "the destination offers no way to sync: receipts are not durable",
            `to say that this is known, ${written("destination.durable", "never")}`,
          ),
    );
  }
  return findings;
}

function readBackBy(algorithm: DigestAlgorithm, shell: RemoteShell | null, written: Written): Finding {
  if (shell?.tools.digests.has(algorithm) === true) return good(`files are read back by ${algorithm} at the destination`);
  const other = digestAlgorithms.find((known) => shell?.tools.digests.has(known) === true);
  return note(
    `${shell === null ? "no shell" : `no ${algorithm} tool`} there: files are read back over SFTP, so every byte travels twice`,
    other === undefined
      ? "quicker with a login shell and coreutils there, whose digest tools read the bytes where they are"
      : `quicker by the tool that is there: ${written("destination.verify", other)}`,
  );
}
