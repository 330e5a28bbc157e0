import { execFile } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

/** A host of the user's own ssh configuration. `resolved`: `me@login.example.org`, null where ssh did not tell. */
export type SshHost = { name: string; resolved: string | null };

const FILE_BYTES_MAX = 1024 * 1024;
/** As ssh has it. */
const INCLUDE_DEPTH_MAX = 16;
const FILES_MAX = 100;
const RESOLVE_MS_MAX = 5000;

/** The file that the ssh command reads: `-F FILE`, else the user's own. */
export function sshConfigFile(ssh: readonly string[], homeDirectory: string): string {
  const at = ssh.findIndex((word) => word.startsWith("-F"));
  const named = at < 0 ? undefined : ssh[at] === "-F" ? ssh[at + 1] : ssh[at]?.slice(2);
  return named ?? join(homeDirectory, ".ssh", "config");
}

/**
 * The names after `Host`, in their order, without patterns. Files that cannot be read are left out:
 * whoever knows the host can type it.
 */
export function hostNames(file: string, homeDirectory: string): string[] {
  const names = new Set<string>();
  let files = 0;
  const read = (path: string, depth: number): void => {
    if (depth > INCLUDE_DEPTH_MAX || files++ >= FILES_MAX) return;
    for (const { keyword, words } of linesOf(textOf(path))) {
      if (keyword === "host") for (const name of words) if (isName(name)) names.add(name);
      if (keyword === "include") for (const pattern of words) for (const found of included(pattern, homeDirectory)) read(found, depth + 1);
    }
  };
  read(file, 0);
  return [...names];
}

/** No pattern, no negation, and nothing that ssh would take for an option. */
function isName(word: string): boolean {
  return !/[*?!,]/.test(word) && !word.startsWith("-") && word !== "";
}

function textOf(path: string): string {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= FILE_BYTES_MAX ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}

/** ssh_config(5): keywords in any case, `=` or blanks between, words in double quotes. */
function linesOf(text: string): Array<{ keyword: string; words: string[] }> {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    if (match === null) return [];
    const words = [...(match[2] ?? "").matchAll(/"([^"]*)"|([^\s"#][^\s"]*)|(#.*)/g)];
    const comment = words.findIndex((word) => word[3] !== undefined);
    return [
      {
        keyword: match[1]!.toLowerCase(),
        words: words.slice(0, comment < 0 ? undefined : comment).map((word) => word[1] ?? word[2] ?? ""),
      },
    ];
  });
}

/** Relative ones are below `~/.ssh`, whatever file they stand in. */
function included(pattern: string, homeDirectory: string): string[] {
  const path = pattern.startsWith("~/")
    ? join(homeDirectory, pattern.slice(2))
    : isAbsolute(pattern)
      ? pattern
      : join(homeDirectory, ".ssh", pattern);
  try {
    return globSync(path, { cwd: dirname(path) }).toSorted();
  } catch {
    return [];
  }
}

/** What ssh makes of each name, by its own `-G`. */
export async function resolveHosts(names: readonly string[], ssh: readonly string[]): Promise<SshHost[]> {
  return await Promise.all(names.map(async (name) => ({ name, resolved: await resolveHost(name, ssh) })));
}

function resolveHost(name: string, [program = "ssh", ...options]: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, [...options, "-G", "--", name], { timeout: RESOLVE_MS_MAX, encoding: "utf8" }, (error, stdout) =>
      resolve(error === null ? describeHost(stdout) : null),
    );
  });
}

/** `me@login.example.org`, and the port where it is not the usual one. */
export function describeHost(told: string): string | null {
  const value = (key: string): string | null => new RegExp(`^${key} (.+)$`, "m").exec(told)?.[1] ?? null;
  const host = value("hostname");
  if (host === null) return null;
  const [user, port] = [value("user"), value("port")];
  return `${user === null ? "" : `${user}@`}${host}${port === null || port === "22" ? "" : `, port ${port}`}`;
}
