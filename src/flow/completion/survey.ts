import { opendir } from "node:fs/promises";
import { errnoOf } from "../../kernel/errors.ts";
import { AT_CWD } from "../../kernel/native.ts";
import { type AbsPath, type Bytes, fsPath, join, type RelPath } from "../../kernel/path.ts";
import { rejection } from "../admit/filter.ts";
import type { Sighting } from "../detect/contract.ts";
import { lookAt } from "../detect/look.ts";
import { isCapture } from "../finish/capture-name.ts";
import type { Known } from "../ledger/admissions.ts";
import type { LocalSource } from "../settings.ts";
import { sameVersion } from "../version.ts";

/** So many files are looked at before others have their turn. */
const TURN = 256;
/** So many that are not recorded are told at once; there may be more. */
const UNKNOWN_MAX = 512;

/** `unknown`: files that are in the source in a version that is not recorded yet. None: all is recorded, or lies there no more. */
export type Survey = { unknown: RelPath[] };

/**
 * Compares a directory of the source with the ledger. A marker, or a newer set, says that all of a set is in the source; that
 * all of it was also seen is found out only by looking: a scan may come upon the marker first.
 */
export async function surveySet(
  source: LocalSource,
  set: RelPath,
  known: (path: RelPath) => Known | null,
  signal: AbortSignal,
): Promise<Survey> {
  const unknown: RelPath[] = [];
  const directories = [set];
  let looked = 0;
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for await (const name of namesIn(join(source.root, directory))) {
      signal.throwIfAborted();
      const path = join(directory, name);
      const look = lookAt({
        dirFd: AT_CWD,
        name: join(source.root, path),
        path,
        how: "scan",
        leases: false,
        closed: false,
        follow: source.symlinks === "follow",
      });
      if (look.kind === "directory") directories.push(path);
      else if (look.kind === "seen" && !isRecorded(look.sighting, source, known)) unknown.push(path);
      if (unknown.length >= UNKNOWN_MAX) return { unknown };
      if (++looked % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { unknown };
}

async function* namesIn(directory: AbsPath): AsyncGenerator<Bytes> {
  try {
    for await (const entry of await opendir(fsPath(directory), { encoding: "latin1" as BufferEncoding })) yield entry.name as Bytes;
  } catch (error) {
    // It went, or was never a directory: what is not there is not unrecorded. What cannot be read is a dead letter already.
    if (!["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
  }
}

/** Whether nothing would come of one more look; what is open or dead is waited for anyway. Pure. */
function isRecorded(sighting: Sighting, source: LocalSource, knownAt: (path: RelPath) => Known | null): boolean {
  const { path, kind } = sighting;
  if (kind === "gone" || kind === "directory" || kind === "moved" || kind === "special") return true;
  if (isCapture(path) || rejection(path, source) !== null) return true;
  if (!source.propagate.has(kind === "symlink" ? "link" : "put")) return true;
  const known = knownAt(path);
  switch (known?.state) {
    case "settling":
    case "queued":
    case "sending":
    case "dead":
    case "ignored":
      return true;
    case "delivered":
      if (kind === "unreadable") return true;
      if (kind === "symlink") return known.target === sighting.target;
      return known.version !== null && sameVersion(known.version, sighting.version);
    case "superseded":
    case undefined:
      return false;
  }
}
