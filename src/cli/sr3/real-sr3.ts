import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigurationName } from "../../importers/sr3/configuration-file.ts";
import type { Places } from "./places.ts";

/** Processes of sr3 itself, by the pid files that it leaves; only looked at. A number that is another program's by now does not count. */
export function findRunningSr3({ cache }: Places, names: readonly ConfigurationName[]): Array<{ name: ConfigurationName; pid: number }> {
  return names.flatMap((name) => {
    const directory = join(cache, name.component, name.name);
    const pid = filesIn(directory)
      .filter((file) => file.endsWith(".pid"))
      .map((file) => Number(textOf(join(directory, file))))
      .find((candidate) => Number.isInteger(candidate) && candidate > 1 && isSr3(candidate, name));
    return pid === undefined ? [] : [{ name, pid }];
  });
}

function isSr3(pid: number, { name }: ConfigurationName): boolean {
  const command = textOf(`/proc/${pid}/cmdline`);
  return /sarracenia|sr3|instance\.py/.test(command) && command.includes(name);
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
