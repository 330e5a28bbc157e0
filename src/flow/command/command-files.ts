import { HotdirError } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { DigestAlgorithm } from "../digest.ts";
import type { Attributes, FileFacts, Files, FilesFeatures, ReadableFile, Space, WritableFile } from "../send/contract.ts";
import { codeOfComplaint } from "../send/ssh/complaints.ts";
import type { ReadBack } from "../verify/read-back.ts";
import { type FarShell, type Told } from "./far-shell.ts";
import { quotePath } from "./shell-quote.ts";

const UNKNOWN = "No such file or directory";
/** Facts and `./name`, each with a NUL at its end. */
const LIST_BY_FIND = `find . ! -name . -prune -exec stat --printf='%f %s %Y %n\\0' -- {} +`;
const LIST_ONE_BY_ONE = `{ for f in ./* ./.[!.]* ./..?*; do { [ -e "$f" ] || [ -h "$f" ]; } && printf '%s %s\\0' "$(facts l "$f")" "$f"; done; true; }`;

/**
 * The names of a destination, by the user's remote command. Bytes go there by the transfer command and in no other way: what would open a
 * file is refused as `unsupported`.
 */
export class CommandFiles implements Files {
  readonly features: FilesFeatures = { atomicReplace: true, sync: true, hardlink: true, space: true, writeBytesMax: 0, handlesMax: 0 };
  readonly ended: Promise<Error | null>;
  readonly shell: FarShell;

  constructor(shell: FarShell) {
    this.shell = shell;
    this.ended = shell.ended;
  }

  lstat(path: Bytes): Promise<FileFacts | null> {
    return this.#facts("l", path);
  }

  stat(path: Bytes): Promise<FileFacts | null> {
    return this.#facts("f", path);
  }

  async #facts(how: "l" | "f", path: Bytes): Promise<FileFacts | null> {
    const told = await this.shell.run(`facts ${how} ${wordOf(path)}`);
    if (told.status !== 0 && /No such file or directory|Not a directory/.test(told.output)) return null;
    return factsFrom(told.output) ?? refuse("look at", path, told);
  }

  async list(directory: Bytes): Promise<Array<{ name: Bytes; facts: FileFacts }>> {
    const each = this.shell.tools.stat === "gnu" ? LIST_BY_FIND : LIST_ONE_BY_ONE;
    const told = await this.shell.run(`${isDirectory(directory)} && cd -- ${wordOf(directory)} && ${each}`);
    if (told.status !== 0) return refuse("list", directory, told);
    return told.output
      .split("\0")
      .slice(0, -1)
      .flatMap((entry) => {
        const [, facts = "", name = ""] = /^([0-9a-f]+ \d+ -?\d+) \.\/(.*)$/s.exec(entry) ?? [];
        const read = factsFrom(facts);
        return read === null ? [] : [{ name: name as Bytes, facts: read }];
      });
  }

  async mkdir(path: Bytes, mode: number): Promise<boolean> {
    const word = wordOf(path);
    const otherwise = `elif [ -d ${word} ] && [ ! -h ${word} ]; then echo there; elif [ -e ${word} ] || [ -h ${word} ]; then echo Not a directory; exit 1`;
    const told = await this.shell.run(
      `if m=$(mkdir -m ${octal(mode)} -- ${word} 2>&1); then echo made; ${otherwise}; else echo "$m"; exit 1; fi`,
    );
    return told.status === 0 ? told.output.trim() === "made" : refuse("mkdir", path, told);
  }

  create(path: Bytes): Promise<WritableFile> {
    return noBytes("create", path);
  }

  reopen(path: Bytes): Promise<WritableFile> {
    return noBytes("write", path);
  }

  read(path: Bytes): Promise<ReadableFile> {
    return noBytes("read", path);
  }

  async replace(from: Bytes, to: Bytes): Promise<void> {
    await this.#do("rename", from, `rename ${wordOf(from)} ${wordOf(to)}`);
  }

  async remove(path: Bytes): Promise<boolean> {
    const word = wordOf(path);
    const told = await this.#do("remove", path, `if [ -e ${word} ] || [ -h ${word} ]; then rm -f -- ${word} && echo gone; fi`);
    return told.output.trim() === "gone";
  }

  async rmdir(path: Bytes): Promise<boolean> {
    const word = wordOf(path);
    const told = await this.#do("rmdir", path, `if [ -e ${word} ] || [ -h ${word} ]; then rmdir -- ${word} && echo gone; fi`);
    return told.output.trim() === "gone";
  }

  async symlink(target: Bytes, path: Bytes): Promise<void> {
    await this.#do("symlink", path, `${isFree(path)} && ln -s -- ${quotePath(target)} ${wordOf(path)}`);
  }

  async readlink(path: Bytes): Promise<Bytes> {
    return (
      await this.#do(
        "readlink",
        path,
        `if [ ! -h ${wordOf(path)} ] && [ ! -e ${wordOf(path)} ]; then echo ${UNKNOWN}; exit 1; fi; readlink -n -- ${wordOf(path)}`,
      )
    ).output;
  }

  async hardlink(existing: Bytes, path: Bytes): Promise<void> {
    await this.#do("hardlink", path, `${isFree(path)} && ln -- ${wordOf(existing)} ${wordOf(path)}`);
  }

  async setAttributes(path: Bytes, { mode, mtimeS }: Attributes): Promise<void> {
    const word = wordOf(path);
    const steps = [
      ...(mode === undefined ? [] : [`chmod ${octal(mode)} -- ${word}`]),
      ...(mtimeS === undefined ? [] : [`touch -c -d @${mtimeS} -- ${word}`]),
    ];
    if (steps.length > 0) await this.#do("set attributes of", path, `if [ ! -h ${word} ]; then ${steps.join(" && ")}; fi`);
  }

  async syncPath(path: Bytes): Promise<void> {
    await this.#do("sync", path, this.shell.tools.sync === "sync" ? "sync" : `sync -f -- ${wordOf(path)}`);
  }

  async space(path: Bytes): Promise<Space | null> {
    return spaceFrom(await this.shell.run(`df -Pk -- ${wordOf(path)}`));
  }

  /** What tells whether two paths are on one file system; the same for all where it cannot be told. */
  async device(path: Bytes): Promise<string> {
    return (await this.shell.run(`device ${wordOf(path)}`)).output.trim();
  }

  async #do(operation: string, path: Bytes, step: string): Promise<Told> {
    const told = await this.shell.run(step);
    return told.status === 0 ? told : refuse(operation, path, told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shell.close();
  }
}

/** What `df -Pk` tells. How many files there may be it does not. */
export function spaceFrom({ status, output }: Told): Space | null {
  const [, total, free] = / (\d+) +\d+ +(\d+) +\d+% /.exec(output) ?? [];
  if (status !== 0 || total === undefined || free === undefined) return null;
  return { totalBytes: Number(total) * 1024, freeBytes: Number(free) * 1024, totalFiles: 0, freeFiles: 0 };
}

/** By the far side's own tool: one that reads what a receipt of this algorithm needs. */
export function commandReadBack(shell: () => FarShell, algorithm: DigestAlgorithm | null): ReadBack {
  return {
    way: "remote tool",
    digest: (wanted, requests) =>
      Promise.all(
        requests.map(async ({ path, range }) => {
          if (wanted !== algorithm || range !== undefined || shell().tools.digest === null) return null;
          const told = await shell().run(`[ ! -h ${wordOf(path)} ] && hash ${wordOf(path)}`);
          const hex = told.output.trim();
          return told.status === 0 && /^[0-9a-f]+$/.test(hex) ? { algorithm: wanted, hex } : null;
        }),
      ),
  };
}

/** Never an option. */
export function wordOf(path: Bytes): string {
  if (path.includes("\0"))
    throw new HotdirError("name-refused", { operation: "run the remote command", path, detail: "no path holds a NUL" });
  return quotePath(path.startsWith("/") ? path : (`./${path}` as Bytes));
}

function factsFrom(line: string): FileFacts | null {
  const [, mode, size, mtime] = /^([0-9a-f]+) (\d+) (-?\d+)\s*$/.exec(line) ?? [];
  if (mode === undefined) return null;
  const bits = Number.parseInt(mode, 16);
  const kinds: Record<number, FileFacts["kind"]> = { 0x8000: "file", 0x4000: "directory", 0xa000: "symlink" };
  return { kind: kinds[bits & 0xf000] ?? "other", sizeBytes: Number(size), mtimeS: Number(mtime), mode: bits & 0o7777 };
}

const isDirectory = (path: Bytes): string =>
  `if [ ! -d ${wordOf(path)} ]; then if [ -e ${wordOf(path)} ]; then echo Not a directory; else echo ${UNKNOWN}; fi; exit 1; fi`;
const isFree = (path: Bytes): string => `if [ -e ${wordOf(path)} ] || [ -h ${wordOf(path)} ]; then echo File exists; exit 1; fi`;
const octal = (mode: number): string => (mode & 0o7777).toString(8);

function refuse(operation: string, path: Bytes, { status, output }: Told): never {
  throw complaint(operation, path, output, status);
}

/** What a tool of the far side said as the failure of one path. */
export function complaint(operation: string, path: Bytes, output: string, status: number): HotdirError {
  const words = Buffer.from(output, "latin1").toString("utf8").trim().split("\n").slice(-3).join("; ").slice(0, 300);
  return new HotdirError(codeOfComplaint(output), { operation, path, detail: words === "" ? `status ${status}` : words });
}

function noBytes(operation: string, path: Bytes): Promise<never> {
  return Promise.reject(new HotdirError("unsupported", { operation, path, detail: "bytes go there by the transfer command only" }));
}
