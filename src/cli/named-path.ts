import { readlinkSync, realpathSync } from "node:fs";
import type { FlowSettings } from "../flow/settings.ts";
import {
  type AbsPath,
  absPath,
  below,
  type Bytes,
  bytesOf,
  bytesOfText,
  fsPath,
  isRelPath,
  join,
  nameOf,
  type RelPath,
} from "../kernel/path.ts";

export type NamedPath = { settings: FlowSettings; path: RelPath };

/** The paths at the destination of a file that rows of a table name. */
export type PathsNaming = (settings: FlowSettings, file: AbsPath) => RelPath[];

/** The working directory as the kernel has it; `process.cwd()` would decode it. */
export function workingDirectory(): AbsPath {
  return bytesOf(readlinkSync("/proc/self/cwd", { encoding: "buffer" })) as AbsPath;
}

/**
 * What a person may mean by a path: an absolute one below a flow's source, one that is there from the
 * working directory, or one relative to a source. Names may also be given as `show` prints them
 * (`\n`, `\xff`), since not every name can be typed. The likeliest first.
 */
export function pathsNamed(text: string, flows: FlowSettings[], cwd: AbsPath, naming: PathsNaming = () => []): NamedPath[] {
  const found = new Map<string, NamedPath>();
  for (const typed of [bytesOfText(text), unshow(text)]) {
    if (typed === null) continue;
    for (const named of [...fromRoot(typed, flows, cwd, naming), ...fromSources(typed, flows)])
      found.set(`${named.settings.name}\0${named.path}`, named);
  }
  return [...found.values()];
}

function fromRoot(typed: Bytes, flows: FlowSettings[], cwd: AbsPath, naming: PathsNaming): NamedPath[] {
  const absolute = absPath(typed, cwd);
  return [absolute, throughLinks(absolute)].flatMap((file) =>
    flows.flatMap((settings) => {
      const { root, kind } = settings.source;
      if (kind === "table") return naming(settings, file).map((path) => ({ settings, path }));
      const path = below(root, file) ?? below(realPath(root), file);
      return path === null ? [] : [{ settings, path }];
    }),
  );
}

function fromSources(typed: Bytes, flows: FlowSettings[]): NamedPath[] {
  const path = absPath(typed).slice(1) as Bytes;
  return typed.startsWith("/") || typed.split("/").includes("..") || !isRelPath(path) ? [] : flows.map((settings) => ({ settings, path }));
}

/** With the symlinks on the way to it resolved, but not its own. */
function throughLinks(file: AbsPath): AbsPath {
  return file === "/" ? file : join(realPath(absPath(`${file}/..` as Bytes)), nameOf(file));
}

function realPath(path: AbsPath): AbsPath {
  try {
    return bytesOf(realpathSync(fsPath(path), { encoding: "buffer" })) as AbsPath;
  } catch {
    return path;
  }
}

/** The reverse of `show`; null where the text holds nothing of it. */
export function unshow(text: string): Bytes | null {
  if (!/\\(?:[ntr\\]|x[0-9a-f]{2})/.test(text)) return null;
  const plain: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };
  return text
    .split(/(\\(?:[ntr\\]|x[0-9a-f]{2}))/)
    .map((piece, at) =>
      at % 2 === 0 ? bytesOfText(piece) : (plain[piece[1]!] ?? String.fromCharCode(Number.parseInt(piece.slice(2), 16))),
    )
    .join("") as Bytes;
}
