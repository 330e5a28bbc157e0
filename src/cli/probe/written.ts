import type { Configuration } from "../../config/parse.ts";

/** How to write a key of a flow (`source.rescan`) with another value: the line of the file, or where to add one. */
export type Written = (key: string, value: string) => string;

/** With the lines of a configuration file. */
export function writtenIn(configuration: Pick<Configuration, "file" | "origins">, flow: string): Written {
  const { file, origins } = configuration;
  const lineOf = (key: string): { line: string; value: string } | null => {
    const origin = origins.get(`flows.${flow}.${key}`);
    const line = origin === undefined ? undefined : /:(\d+)$/.exec(origin.from)?.[1];
    return origin === undefined || line === undefined ? null : { line, value: origin.value };
  };
  return (key, value) => {
    const name = nameOf(key);
    const there = lineOf(key);
    if (there !== null) return `${file}:${there.line}: write '${name}: ${value}' in place of '${name}: ${there.value}'`;
    const parent = key.slice(0, Math.max(0, key.length - name.length - 1));
    // Some key of the same map that the file has: a line to stand beside.
    const beside = ["directory", "posts", "url", "attempts", "backoff"].find((sibling) => lineOf(`${parent}.${sibling}`) !== null);
    if (parent === "" || beside === undefined)
      return `${file}: add '${key.replaceAll(".", ": {")}: ${value}${"}".repeat(key.split(".").length - 1)}' to the flow ${flow}`;
    return `${file}:${lineOf(`${parent}.${beside}`)?.line}: add '${name}: ${value}' beside '${beside}'`;
  };
}

/** Where there is no file yet. */
export const writtenSoon: Written = (key, value) => {
  const keys = key.split(".");
  return `in the configuration: '${keys.join(": {")}: ${value}${"}".repeat(keys.length - 1)}'`;
};

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
