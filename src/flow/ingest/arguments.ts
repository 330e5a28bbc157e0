import { closeSync, mkdtempSync, openSync, rmdirSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AbsPath, bufferOf, bytesOfText, textOf } from "../../kernel/path.ts";

/** Together with the environment this is well below what Linux takes for one command (2 MiB). */
const ARGUMENTS_BYTES_MAX = 512 * 1024;

/** The first files of a batch whose paths one command can take; never none. */
export function fitting<F extends { path: AbsPath }>(files: readonly F[]): F[] {
  let bytes = 0;
  const after = files.findIndex(({ path }) => (bytes += path.length + 1) > ARGUMENTS_BYTES_MAX);
  return files.slice(0, after < 0 ? files.length : Math.max(1, after));
}

/** As the command finds them on its standard input. */
export function nulSeparated(paths: readonly AbsPath[]): Buffer {
  return Buffer.concat(paths.map((path) => bufferOf(`${path}\0` as AbsPath)));
}

/** A program with its arguments. `list`: what it finds open as descriptor 3; null: nothing. `byXargs`: its exit status is that of xargs. */
export type Launch = Disposable & { program: string; args: string[]; list: number | null; byXargs: boolean };

/**
 * The user's command with the paths as its last arguments. Node hands on text only, so where a name is no UTF-8, xargs, which hands on
 * bytes, starts the command with the very names.
 */
export function launchOf(command: readonly string[], paths: readonly AbsPath[]): Launch {
  const [program = "", ...args] = command;
  if (paths.every((path) => bytesOfText(textOf(path)) === path))
    return { program, args: [...args, ...paths.map(textOf)], list: null, byXargs: false, [Symbol.dispose]: () => undefined };
  const list = unnamedFile(nulSeparated(paths));
  const asOne = ["-0", "-x", "-n", String(paths.length), "-s", String(2 * ARGUMENTS_BYTES_MAX)];
  return {
    program: "xargs",
    args: [...asOne, "-a", "/proc/self/fd/3", "--", program, ...args],
    list,
    byXargs: true,
    [Symbol.dispose]: () => closeSync(list),
  };
}

/** For reading by whoever opens it anew by its descriptor; nothing is left of it, however we end. */
function unnamedFile(bytes: Buffer): number {
  const directory = mkdtempSync(join(tmpdir(), "hotdir-names-"));
  const path = join(directory, "names");
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  rmdirSync(directory);
  writeSync(descriptor, bytes);
  return descriptor;
}
