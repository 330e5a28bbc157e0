import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** All TypeScript files of these folders, relative to the root of the repository. */
export function sourcesOf(...folders: string[]): string[] {
  return folders.flatMap((folder) => filesOf(folder)).filter((file) => file.endsWith(".ts"));
}

export function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes("node_modules/"));
}

export function foldersOf(folder: string): string[] {
  const found = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...found.map((entry) => relative(root, join(entry.parentPath, entry.name)))];
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The files of the repository that a file imports, types too. */
export function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(/(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g);
  return [...found].map((match) => normalize(join(dirname(file), match[1] ?? match[2] ?? "")));
}
