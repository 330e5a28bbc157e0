import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Whether a copy is one, by programs of the system: every byte by diff(1), kinds, modes, sizes and
 * times (in seconds) of files by find(1), and nothing beside it. Returns what is wrong; null: nothing.
 */
export async function judgeCopy(source: string, destination: string, entry: string): Promise<string | null> {
  const there = readdirSync(destination);
  if (there.length !== 1 || there[0] !== entry) return `the destination holds ${JSON.stringify(there)}, not ${entry} alone`;
  try {
    await run("diff", ["-r", "--no-dereference", "-q", join(source, entry), join(destination, entry)], { maxBuffer: 2 ** 26 });
  } catch (error) {
    return `diff: ${String((error as { stdout?: unknown }).stdout ?? error).slice(0, 500)}`;
  }
  const [wanted, found] = await Promise.all([list(join(source, entry)), list(join(destination, entry))]);
  const wrong = wanted.find((line, at) => line !== found[at]);
  return wrong === undefined
    ? null
    : `mode, size or time is not that of the source: ${wrong} (${found[wanted.indexOf(wrong)] ?? "missing"})`;
}

async function list(path: string): Promise<string[]> {
  const { stdout } = await run("find", [path, "-type", "f", "-printf", "%m %s %Ts %P\\0"], { maxBuffer: 2 ** 28 });
  // Seconds without their fraction: what SFTP version 3 carries.
  return stdout.split("\0").sort();
}
