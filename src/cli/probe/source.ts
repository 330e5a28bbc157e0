import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { withoutEvents } from "../../flow/detect/watches.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, absPath, type Bytes, fsPath, join, show } from "../../kernel/path.ts";
import { fsTypeOf } from "../../kernel/file-system-type.ts";
import { formatAge, formatCount, formatMany } from "../../kernel/readable.ts";
import { type Finding, good, note, problem } from "./finding.ts";

const COUNTED_MAX = 200_000;
const COUNTING_MS_MAX = 5000;

/** Looks at a source and touches nothing. */
export async function probeSource({ name, source }: FlowSettings): Promise<Finding[]> {
  const { root } = source;
  const access = readable(root);
  if (access !== null) return [access];
  const type = fsTypeOf(root);
  const findings = [good(`${show(root)} is there and readable (${type.name})`)];
  if (source.kind === "posted") return [...findings, good(`only what 'hotdir post -f ${name}' names is sent`)];
  const silent = withoutEvents(root, root);
  if (silent !== null)
    findings.push(
      note(silent, `what is new is found by scanning every ${formatAge(source.rescanMs)}: 'source: {rescan: 1m}' looks more often`),
    );
  else findings.push(...(await probeWatches(root)));
  if (source.settle.kind === "close" && type.network)
    findings.push(note("no lease tells whether somebody still writes a file here: it counts as complete when it kept still for 10 s"));
  return findings;
}

function readable(root: AbsPath): Finding | null {
  try {
    if (!statSync(fsPath(root)).isDirectory())
      return problem(`${show(root)} is no directory`, "name a directory in 'source: {directory: ...}'");
    accessSync(fsPath(root), constants.R_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return problem(`${show(root)} is not there`, `mkdir -p ${show(root)}`);
    return problem(`${show(root)} cannot be read (${code})`, `ls -ld ${show(root)}: this user needs the rights r and x`);
  }
}

async function probeWatches(root: AbsPath): Promise<Finding[]> {
  const limit = Number(readOr("/proc/sys/fs/inotify/max_user_watches", "0").trim());
  const counted = await countDirectories(root);
  const shown = `${counted.all ? "" : "more than "}${formatMany(counted.directories, "directory", "directories")}`;
  if (limit === 0 || counted.directories < limit * 0.9)
    return [good(`changes are told by events, in ${shown}${limit === 0 ? "" : ` (this user may watch ${formatCount(limit)})`}`)];
  return [
    note(
      `${shown} are more than this user may watch (${formatCount(limit)}): the source is scanned instead`,
      `as root: sysctl fs.inotify.max_user_watches=${Math.max(limit * 4, counted.directories * 2)}`,
    ),
  ];
}

async function countDirectories(root: AbsPath): Promise<{ directories: number; all: boolean }> {
  const until = performance.now() + COUNTING_MS_MAX;
  const left: AbsPath[] = [root];
  let directories = 0;
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    directories++;
    if (directories + left.length >= COUNTED_MAX || performance.now() > until)
      return { directories: directories + left.length, all: false };
    left.push(...(await subdirectories(next)));
  }
  return { directories, all: true };
}

async function subdirectories(directory: AbsPath): Promise<AbsPath[]> {
  const found: AbsPath[] = [];
  try {
    for await (const entry of await opendir(fsPath(directory), { encoding: "latin1" as BufferEncoding })) {
      if (entry.isDirectory()) found.push(join(directory, entry.name as Bytes));
    }
  } catch {
    // It went away, or may not be read: then it is not watched either.
  }
  return found;
}

/** Whether retention may do what it is asked to, by permissions alone. */
export function probeRetention({ source, retain }: FlowSettings): Finding[] {
  if (retain.kind === "keep") return [good("files stay in the source")];
  const findings: Finding[] = [];
  if (mayWrite(source.root))
    findings.push(
      good(
        retain.kind === "hold"
          ? `delivered files are moved to ${show(retain.directory)}`
          : `delivered files are deleted ${retain.afterMs === 0 ? "at once" : `after ${formatAge(retain.afterMs)}`}`,
      ),
    );
  else findings.push(problem(`files cannot be removed from ${show(source.root)}`, `chmod u+w ${show(source.root)}, or 'retain: keep'`));
  if (retain.kind === "hold") findings.push(...probeHold(source.root, retain.directory));
  return findings;
}

function probeHold(root: AbsPath, hold: AbsPath): Finding[] {
  const there = nearestThere(hold);
  if (!mayWrite(there))
    return [problem(`the holding area ${show(hold)} cannot be written`, `ls -ld ${show(there)}: this user needs the rights w and x`)];
  try {
    if (statSync(fsPath(there)).dev === statSync(fsPath(root)).dev)
      return [good("the holding area is on the same file system: files are moved by a rename")];
    return [note("the holding area is on another file system: files are copied, read back, and then removed")];
  } catch {
    return [];
  }
}

/** The path, or the nearest directory above it that is there. */
export function nearestThere(path: AbsPath): AbsPath {
  let at = path;
  while (at !== "/" && statSync(fsPath(at), { throwIfNoEntry: false }) === undefined) at = absPath(`${at}/..` as Bytes);
  return at;
}

function mayWrite(directory: AbsPath): boolean {
  try {
    accessSync(fsPath(directory), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
