import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One thing of a tree as `find` and `sha256sum` see it. `content` is a digest, a link's target, or empty. */
export type TreeEntry = { kind: string; mode: string; mtimeS: string; sizeBytes: number; content: string };
export type Tree = Map<string, TreeEntry>;

/** Reads a tree with programs of the system: no code of hotdir, nor of Node's fs, has a part in it. Byte-string paths. */
export async function readTree(directory: string): Promise<Tree> {
  const tree: Tree = new Map();
  const format = "%y\\0%m\\0%T@\\0%s\\0%l\\0%P\\0";
  const listing = await run("find", [directory, "-ignore_readdir_race", "-mindepth", "1", "-printf", format], {
    encoding: "buffer",
    maxBuffer: 2 ** 29,
  });
  const fields = listing.stdout.toString("latin1").split("\0");
  const files: string[] = [];
  for (let at = 0; at + 5 < fields.length; at += 6) {
    const [kind = "", mode = "", mtime = "", size = "", target = "", path = ""] = fields.slice(at, at + 6);
    tree.set(path, { kind, mode, mtimeS: mtime.split(".")[0] ?? "", sizeBytes: Number(size), content: target });
    if (kind === "f") files.push(path);
  }
  for (const [path, sha256] of await digests(directory, files)) {
    const entry = tree.get(path);
    if (entry !== undefined) entry.content = sha256;
  }
  return tree;
}

async function digests(directory: string, files: string[]): Promise<Map<string, string>> {
  if (files.length === 0) return new Map();
  const child = spawn("xargs", ["-0", "sha256sum", "-z", "--"], { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  child.stdin.end(Buffer.from(files.map((file) => `./${file}\0`).join(""), "latin1"));
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) pieces.push(piece as Buffer);
  const found = new Map<string, string>();
  for (const line of Buffer.concat(pieces).toString("latin1").split("\0")) {
    if (line !== "") found.set(line.slice(66 + 2), line.slice(0, 64));
  }
  return found;
}

export type TreeDifference = { path: string; difference: string };

/**
 * What of `source` is not the same in `destination`, and what only `destination` has. Modes and
 * times are compared for files alone; directories and links get theirs as the machine gives them.
 */
export function compareTrees(source: Tree, destination: Tree, options: { ignore?: RegExp } = {}): TreeDifference[] {
  const differences: TreeDifference[] = [];
  const ignored = (path: string): boolean => options.ignore?.test(path) ?? false;
  for (const [path, wanted] of source) {
    if (ignored(path)) continue;
    const found = destination.get(path);
    const difference = found === undefined ? "missing" : compareEntries(wanted, found);
    if (difference !== null) differences.push({ path, difference });
  }
  for (const path of destination.keys())
    if (!source.has(path) && !ignored(path)) differences.push({ path, difference: "only at the destination" });
  return differences;
}

function compareEntries(wanted: TreeEntry, found: TreeEntry): string | null {
  if (wanted.kind !== found.kind) return `type ${found.kind}, not ${wanted.kind}`;
  if (wanted.content !== found.content)
    return `content ${found.content} (${found.sizeBytes} bytes), not ${wanted.content} (${wanted.sizeBytes} bytes)`;
  if (wanted.kind !== "f") return null;
  if (wanted.mode !== found.mode) return `mode ${found.mode}, not ${wanted.mode}`;
  return wanted.mtimeS === found.mtimeS ? null : `mtime ${found.mtimeS}, not ${wanted.mtimeS}`;
}
