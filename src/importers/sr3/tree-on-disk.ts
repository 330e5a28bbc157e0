import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename, join, resolve } from "node:path";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { type ConfigurationName, components, type FileRead, isComponent } from "./configuration-file.ts";
import type { Tree } from "./import-tree.ts";
import { rootOf } from "./place-in-tree.ts";

/** More is no configuration. */
const FILE_BYTES_MAX = 1024 * 1024;

/** sr3's configuration directory as it is now. Each file is read once. */
export function readTree(root: string, machine: { env: Tree["machine"]["env"]; homeDirectory: string }): Tree {
  const known = new Map<string, FileRead>();
  const read = (path: string): FileRead => {
    const file = known.get(path) ?? readText(path);
    known.set(path, file);
    return file;
  };
  const credentials = join(root, "credentials.conf");
  const text = read(credentials);
  return {
    root,
    names: components.flatMap((component) => configurationsIn(join(root, component)).map((name) => ({ component, name }))),
    files: { read },
    // Under cron there may be none.
    machine: { ...machine, env: { ...machine.env, USER: machine.env["USER"] ?? loginName() }, hostname: hostname() },
    credentials: text.kind === "text" ? { text: text.text, path: credentials, mode: statSync(credentials).mode & 0o7777 } : null,
  };
}

/** An account may have no name. */
function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** What a path names: sr3's directory, one that has it in `sr3`, or one configuration's file. null: none of these. */
export function treeAt(path: string): { root: string; name: ConfigurationName | null } | null {
  const absolute = resolve(path);
  if (isDirectory(absolute)) {
    const root = [absolute, join(absolute, "sr3")].find(isRoot);
    return root === undefined ? null : { root, name: null };
  }
  const root = rootOf(absolute);
  const component = basename(join(absolute, ".."));
  if (!isComponent(component) || !absolute.endsWith(".conf") || readText(absolute).kind === "missing") return null;
  return { root, name: { component, name: basename(absolute, ".conf") } };
}

function isRoot(path: string): boolean {
  return components.some((component) => isDirectory(join(path, component))) || readText(join(path, "default.conf")).kind === "text";
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** `*.conf`; included files and those that were switched off have other names. */
function configurationsIn(folder: string): string[] {
  if (!isDirectory(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".conf") && !name.startsWith("."))
    .map((name) => name.slice(0, -".conf".length))
    .toSorted();
}

function readText(path: string): FileRead {
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK a fifo would keep us waiting for ever.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(handle).isFile()) return { kind: "refused", message: "it is no regular file" };
    return readHandle(handle);
  } catch (error) {
    const errno = errnoOf(error);
    return errno === "ENOENT" || errno === "ENOTDIR" ? { kind: "missing" } : { kind: "refused", message: messageOf(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function readHandle(handle: number): FileRead {
  const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
  let length = 0;
  for (;;) {
    const bytesRead = readSync(handle, buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (length > FILE_BYTES_MAX)
      return { kind: "refused", message: `it is larger than ${FILE_BYTES_MAX / 1024} KiB: this is no configuration` };
    if (bytesRead === 0) break;
  }
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length)) };
  } catch {
    return { kind: "refused", message: "it is not UTF-8 text" };
  }
}
