import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { withoutEvents } from "../../flow/detect/watches.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, absPath, type Bytes, fsPath, join, show } from "../../kernel/path.ts";
import { fsTypeOf } from "../../kernel/file-system-type.ts";
import { formatAge, formatCount, formatMany } from "../../kernel/readable.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import { mayUse, permissionFix } from "./permission.ts";
import { shellWord } from "./shell-word.ts";
import type { Written } from "./written.ts";

const COUNTED_MAX = 200_000;
const COUNTING_MS_MAX = 5000;

/** Looks at a source and touches nothing. */
export async function probeSource({ name, source }: FlowSettings, written: Written): Promise<Finding[]> {
  const { root } = source;
  const access = readable(root, written);
  if (access !== null) return [access];
  const type = fsTypeOf(root);
  const findings = [good(`${show(root)} is there and readable (${type.name})`)];
  if (source.kind === "posted") return [...findings, good(`only what 'hotdir post -f ${name}' names is sent`)];
  const silent = withoutEvents(root, root);
  if (silent !== null)
    findings.push(
      note(
        `${silent}, every ${formatAge(source.rescanMs)}`,
        `to look more often, ${written("source.rescan", source.rescanMs > 60_000 ? "1m" : "10s")}`,
      ),
    );
  else findings.push(...(await probeWatches(root)));
  if (source.settle.kind === "close" && type.network)
    findings.push(
      note(
        "no lease tells whether somebody still writes a file here: it counts as complete when it kept still for 10 s",
        `where writers pause for longer, ${written("source.settle", "60s")}; where they can say that they are done, ${written("source.settle", "{marker: .done}")}`,
      ),
    );
  return findings;
}

export function readable(root: AbsPath, written: Written): Finding | null {
  try {
    if (!statSync(fsPath(root)).isDirectory())
      return problem(`${show(root)} is no directory`, written("source.directory", show(absPath(`${root}/..` as Bytes))));
    accessSync(fsPath(root), constants.R_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT") return problem(`${show(root)} is not there`, `mkdir -p ${shellWord(root)}`);
    if (code === "ENOTDIR") return problem(`${show(root)} is below a file`, written("source.directory", show(nearestThere(root))));
    return problem(`${show(root)} cannot be read (${code})`, permissionFix(root, "rx"));
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
      `echo fs.inotify.max_user_watches=${Math.max(limit * 4, counted.directories * 2)} | sudo tee /etc/sysctl.d/60-hotdir.conf && sudo sysctl --system`,
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
export function probeRetention({ source, retain }: FlowSettings, written: Written): Finding[] {
  if (retain.kind === "keep") return [good("files stay in the source")];
  const findings: Finding[] = [];
  if (mayUse(source.root, "wx"))
    findings.push(
      good(
        retain.kind === "hold"
          ? `delivered files are moved to ${show(retain.directory)}`
          : `delivered files are deleted ${retain.afterMs === 0 ? "at once" : `after ${formatAge(retain.afterMs)}`}`,
      ),
    );
  else
    findings.push(
      problem(
        `files cannot be removed from ${show(source.root)}`,
        `${permissionFix(source.root, "wx")}; or let them stay: ${written("retain", "keep")}`,
      ),
    );
  if (retain.kind === "hold") findings.push(...probeHold(source.root, retain.directory, written));
  return findings;
}

function probeHold(root: AbsPath, hold: AbsPath, written: Written): Finding[] {
  const there = nearestThere(hold);
  if (!mayUse(there, "wx")) return [problem(`the holding area ${show(hold)} cannot be written`, permissionFix(there, "wx"))];
  try {
    if (statSync(fsPath(there)).dev === statSync(fsPath(root)).dev)
      return [good("the holding area is on the same file system: files are moved by a rename")];
    return [
      note(
        "the holding area is on another file system: files are copied, read back, and then removed",
        `quicker beside the source: ${written("retain.hold", `${show(root)}-held`)}`,
      ),
    ];
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

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
