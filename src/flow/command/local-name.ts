import { link, mkdtemp, realpath, rm, symlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinText } from "node:path";
import { errnoOf, HotdirError } from "../../kernel/errors.ts";
import { type AbsPath, type Bytes, bufferOf, bytesOf, fsPath, join, nameOf, textOf } from "../../kernel/path.ts";
import { sendingName } from "../finish/capture-name.ts";
import type { SourceFile } from "../source-file.ts";
import type { TransferId } from "../transfer.ts";

/** How a command is given a source file: `argument` is its path as text, and `lands` the name that it has where it lands. */
export type LocalName = AsyncDisposable & { argument: string; lands: Bytes };

/**
 * A file is given by its own path, from the root, which no tool can take for an option or a host. But arguments are text, and old tools write control
 * characters in some way of their own: a name of that kind gets a plain one beside it, a hard link, for as long as the command runs; a directory whose
 * name is no UTF-8 is named by a symlink to it.
 */
export async function localName(file: SourceFile, transfer: TransferId): Promise<LocalName> {
  const path = await whereItIs(file);
  await using undo = new AsyncDisposableStack();
  const lands = landsAs(path, transfer);
  if (lands !== nameOf(path)) {
    const beside = join(directoryOf(path), lands);
    await linkAnew(path, beside);
    undo.defer(() => removeLink(beside));
  }
  const directory = isText(directoryOf(path)) ? textOf(directoryOf(path)) : await linkedDirectory(directoryOf(path), undo);
  const held = undo.move();
  return { argument: joinText(directory, textOf(lands)), lands, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The name that it will have where it lands. */
export async function landingName(file: SourceFile, transfer: TransferId): Promise<Bytes> {
  // What cannot be followed is told when it is read.
  return landsAs(await whereItIs(file).catch(() => file.path), transfer);
}

async function whereItIs({ path, follow }: SourceFile): Promise<AbsPath> {
  return follow ? (bytesOf(await realpath(fsPath(path), { encoding: "buffer" })) as AbsPath) : path;
}

function landsAs(path: AbsPath, transfer: TransferId): Bytes {
  return isPlainName(nameOf(path)) ? nameOf(path) : sendingName(transfer);
}

/** What a kill may have left of it. */
export async function removeLocalName(file: SourceFile, transfer: TransferId): Promise<void> {
  const path = await whereItIs(file).catch(() => file.path);
  if (!isPlainName(nameOf(path))) await removeLink(join(directoryOf(path), sendingName(transfer)));
}

/** A kill may have left one there. */
async function linkAnew(path: AbsPath, beside: AbsPath): Promise<void> {
  try {
    await removeLink(beside);
    await link(fsPath(path), fsPath(beside));
  } catch (error) {
    const detail = `its name needs a plain one beside it, and a hard link cannot be made: ${errnoOf(error) ?? "failed"}`;
    throw new HotdirError("source-unreadable", { operation: "name for a command", path, detail, cause: error });
  }
}

async function linkedDirectory(directory: AbsPath, undo: AsyncDisposableStack): Promise<string> {
  const temporary = await mkdtemp(joinText(tmpdir(), "hotdir-"));
  undo.defer(() => rm(temporary, { recursive: true, force: true }));
  const name = joinText(temporary, "directory");
  await symlink(fsPath(directory), name);
  return name;
}

async function removeLink(path: AbsPath): Promise<void> {
  await unlink(fsPath(path)).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
  });
}

function directoryOf(path: AbsPath): AbsPath {
  return path.slice(0, Math.max(1, path.lastIndexOf("/"))) as AbsPath;
}

/** Whether every tool shows and takes it as it is. */
function isPlainName(name: Bytes): boolean {
  return !/[\x00-\x1f\x7f\\]/.test(name) && isText(name);
}

function isText(bytes: Bytes): boolean {
  return Buffer.from(textOf(bytes), "utf8").equals(bufferOf(bytes));
}
