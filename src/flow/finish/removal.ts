import { rename, unlink } from "node:fs/promises";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { errnoName, writerOf } from "../../kernel/native.ts";
import { type AbsPath, type Bytes, fsPath, join, nameOf, parentOf, type RelPath, show } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { SourceReader } from "../read/source-reader.ts";
import { nameIn, Standing } from "../read/standing.ts";
import { sameVersion, type Version, versionOf } from "../version.ts";
import { captureName } from "./capture-name.ts";
import { findHeld, moveToHold } from "./holding-area.ts";
import { giveName, identityAt, statAt, targetStatAt } from "./names.ts";

export type RemovalRequest = {
  root: AbsPath;
  path: RelPath;
  transfer: number;
  /** The token of the transfer's ledger, where other hosts may remove from the same directory. */
  ledger?: string;
  version: Version;
  digest: Digest;
  /** Where the file is moved to; null: it is deleted. */
  hold: AbsPath | null;
  /** Its path there, where that is another. */
  heldAs?: RelPath;
  /** The name may be a symlink to the file of the receipt: then the symlink goes, and never what it links to. */
  follow?: boolean;
};

export type RemovalEnd =
  | { kind: "removed" }
  | { kind: "held"; at: AbsPath }
  /** Nothing was there: somebody else took it. */
  | { kind: "already-gone" }
  /** What is there is not the version of the receipt, or somebody has it open for writing: it is where it was. */
  | { kind: "not-the-version" }
  /** As `not-the-version`, and a newer file has its name by now: both stay, this one under the name `at`. */
  | { kind: "set-aside"; at: AbsPath }
  | { kind: "refused"; detail: string };

/**
 * Takes a delivered source file away. By one rename it gets a name of ours, so that no newer version
 * can come under our hands between the look and the removal; there it is compared with the receipt
 * once more, by stat and by digest, and goes only if it is the same. Safe to run again after a kill
 * at any point. Never follows a symlink, also none that has taken the place of a directory: all of it
 * goes by the descriptor of the directory that was found from the root down.
 */
export async function removeSource(request: RemovalRequest, reader: SourceReader): Promise<RemovalEnd> {
  using standing = new Standing(request.root);
  const place = placeOf(standing, request);
  if ("refused" in place) return { kind: "refused", detail: place.refused };
  try {
    if ("nothing" in place) return await whereItWent(request, reader);
    return await removeAt(place, request, reader);
  } catch (error) {
    const detail = detailOf(error, request, place);
    const back = "nothing" in place ? null : await putBack(place).catch(() => null);
    return back?.kind === "set-aside" ? back : { kind: "refused", detail };
  }
}

async function removeAt(place: Place, request: RemovalRequest, reader: SourceReader): Promise<RemovalEnd> {
  const { original, capture } = place;
  const { follow, hold } = request;
  if (!(await isCaptured(place))) {
    const now = await versionAt(original, follow);
    if (now === null) return await whereItWent(request, reader);
    if (now === "no-file" || !sameVersion(now, request.version)) return { kind: "not-the-version" };
    if (hold !== null && follow === true && (await statAt(original))?.isSymbolicLink() === true)
      return { kind: "refused", detail: "it is a symbolic link, which is not moved to the holding area" };
    await rename(fsPath(original), fsPath(capture));
  }
  if (!(await isStill(capture, request, reader))) return await putBack(place);
  if (hold !== null) {
    const { transfer, digest } = request;
    return { kind: "held", at: await moveToHold({ capture, wanted: heldAt(hold, request), transfer, digest }, reader) };
  }
  await unlink(fsPath(capture));
  return { kind: "removed" };
}

/** A kill after the last step and before it was written down looks as if somebody else had taken it. */
async function whereItWent(request: RemovalRequest, reader: SourceReader): Promise<RemovalEnd> {
  const at = request.hold === null ? null : await findHeld(heldAt(request.hold, request), request.digest, reader);
  return at === null ? { kind: "already-gone" } : { kind: "held", at };
}

function heldAt(hold: AbsPath, { path, heldAs }: RemovalRequest): AbsPath {
  return join(hold, heldAs ?? path);
}

/** A file by its name, and by the name that a removal for this transfer gives it. */
export type Removable = Pick<RemovalRequest, "root" | "path" | "transfer" | "ledger" | "follow">;

export type Found =
  | { kind: "file"; version: Version; captured: boolean }
  /** A symlink, a directory, or something else is under its name. */
  | { kind: "no-file" | "nothing" }
  /** Without its root nobody knows what became of a file in it. */
  | { kind: "no-root" | "refused"; detail: string };

/** What a removal would find: the file, also where one that was interrupted has captured it already. */
export async function findRemovable(request: Removable): Promise<Found> {
  using standing = new Standing(request.root);
  const place = placeOf(standing, request);
  if ("refused" in place) return { kind: place.root ? "no-root" : "refused", detail: place.refused };
  if ("nothing" in place) return { kind: "nothing" };
  try {
    const captured = await isCaptured(place);
    const version = await versionAt(captured ? place.capture : place.original, request.follow);
    if (version === null) return { kind: "nothing" };
    return version === "no-file" ? { kind: "no-file" } : { kind: "file", version, captured };
  } catch (error) {
    return { kind: "refused", detail: detailOf(error, request, place) };
  }
}

/** Undoes what an interrupted removal had begun; what it had ended stays ended. */
export async function restoreSource(request: Removable): Promise<RemovalEnd> {
  using standing = new Standing(request.root);
  const place = placeOf(standing, request);
  if ("refused" in place) return { kind: "refused", detail: place.refused };
  if ("nothing" in place) return { kind: "already-gone" };
  try {
    if (await isCaptured(place)) return await putBack(place);
    return (await versionAt(place.original, request.follow)) === null ? { kind: "already-gone" } : { kind: "not-the-version" };
  } catch (error) {
    return { kind: "refused", detail: detailOf(error, request, place) };
  }
}

/** Both names stand in one directory, by its descriptor; `shown` is the capture's name for people. */
type Place = { original: AbsPath; capture: AbsPath; shown: AbsPath };

function placeOf(standing: Standing, request: Removable): Place | { nothing: true } | { refused: string; root: boolean } {
  const root = standing.stand("");
  // Without its root nobody knows what became of a file in it.
  if (root < 0) return { refused: `${errnoName(root)} the source cannot be opened`, root: true };
  const parent = parentOf(request.path);
  const name = captureName(request.transfer, request.ledger);
  const fd = standing.stand(parent);
  if (fd >= 0)
    return {
      original: nameIn(fd, nameOf(request.path)),
      capture: nameIn(fd, name),
      shown: join(join(request.root, parent as Bytes), name),
    };
  const errno = errnoName(fd);
  if (errno === "ENOENT" || errno === "ENOTDIR") return { nothing: true };
  if (errno === "ELOOP") return { refused: "a directory on its way is a symbolic link now, which is not followed", root: false };
  return { refused: `${errno} its directory cannot be opened`, root: false };
}

/** A descriptor's path says nothing to people. */
function detailOf(error: unknown, request: Removable, place: Place | { nothing: true }): string {
  const message = messageOf(error);
  return "nothing" in place
    ? message
    : message.replaceAll(place.original, show(join(request.root, request.path))).replaceAll(place.capture, show(place.shown));
}

/** A kill while it was put back leaves one file under both names: then it is back, and ours goes. */
async function isCaptured({ capture, original }: Place): Promise<boolean> {
  const captured = await identityAt(capture);
  if (captured === null || captured !== (await identityAt(original))) return captured !== null;
  await unlink(fsPath(capture));
  return false;
}

async function isStill(capture: AbsPath, request: RemovalRequest, reader: SourceReader): Promise<boolean> {
  const { follow = false } = request;
  const now = await versionAt(capture, follow);
  if (now === null || now === "no-file" || !sameVersion(now, request.version)) return false;
  // Somebody may have it open and write on, whatever its name.
  // Where the file system gives no leases nobody can tell; then the digest has the last word.
  if (writerOf(capture, follow) === "open") return false;
  const found = await reader.digest({ path: capture, boundary: null, follow }, request.version, request.digest.algorithm);
  return found.kind === "digest" && found.hex === request.digest.hex;
}

/** Never over another file: where a newer one has come meanwhile, both stay. */
async function putBack({ capture, original, shown }: Place): Promise<RemovalEnd> {
  if ((await identityAt(capture)) === null) return { kind: "not-the-version" };
  try {
    await giveName(capture, original);
    return { kind: "not-the-version" };
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return { kind: "set-aside", at: shown };
    throw error;
  }
}

/** `no-file`: a symlink, a directory, or something else is under that name. */
async function versionAt(path: AbsPath, follow = false): Promise<Version | "no-file" | null> {
  const stat = await (follow ? targetStatAt(path) : statAt(path));
  if (stat === null) return null;
  return stat.isFile() ? versionOf(stat) : "no-file";
}
