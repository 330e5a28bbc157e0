import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writeDurably } from "../../kernel/durable-file.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { bytesOfText } from "../../kernel/path.ts";
import { type ConfigurationName, isComponent } from "../../importers/sr3/configuration-file.ts";
import type { Places } from "./places.ts";

/** A file that a configuration was made of, as it was then; `null`: it was not there. */
const source = z.object({ path: z.string(), state: z.object({ size: z.number(), mtimeMs: z.number(), sha256: z.string() }).nullable() });
export type Source = z.infer<typeof source>;

const remark = z.object({
  kind: z.enum(["error", "assumed", "note"]),
  at: z.object({ file: z.string(), line: z.number() }).nullable(),
  message: z.string(),
  suggestion: z.string().exactOptional(),
});

const translated = z.object({
  flows: z.array(z.string()),
  /** A YAML document with these flows alone. */
  yaml: z.string(),
  sources: z.array(source),
  remarks: z.array(remark),
  /** Of a command line, and in no file. Its lines are not kept: one of them may hold what opens doors. */
  isOfOptions: z.boolean(),
  moves: z.enum(["in", "out", "none"]),
  takenAtMs: z.number(),
});
export type Translated = z.infer<typeof translated>;

const schema = z.object({
  version: z.literal(1),
  root: z.string(),
  configurations: z.record(z.string(), translated),
  /** Those that could not be taken when it was last tried, with the files that they are in. */
  faulty: z.record(z.string(), z.array(source)).prefault({}),
  /** Those for which there is nothing to do, likewise. */
  left: z.record(z.string(), z.array(source)).prefault({}),
  /** Queues that were made before what fills them ran (`declare-first.ts`). */
  declared: z.array(z.string()).prefault([]),
});

/** What the configurations came to when they were last taken, by `component/name`. The daemon's YAML is made of it. */
export type Translation = z.infer<typeof schema>;

/** Empty where nothing was taken yet, or where another configuration directory was. */
export function readTranslation(places: Places): Translation {
  const empty: Translation = { version: 1, root: places.root, configurations: {}, faulty: {}, left: {}, declared: [] };
  const text = readIfThere(fileOf(places));
  if (text === null) return empty;
  try {
    const known = schema.parse(JSON.parse(text));
    return known.root === places.root ? known : empty;
  } catch (error) {
    throw new HotdirError("bad-configuration", {
      operation: "read what sr3's configurations came to",
      path: bytesOfText(fileOf(places)),
      detail: `the file is damaged: ${messageOf(error)}; it is made anew when it is removed and 'sr3 start' is said`,
    });
  }
}

export function writeTranslation(places: Places, translation: Translation): void {
  mkdirSync(places.state, { recursive: true, mode: 0o700 });
  writeDurably(fileOf(places), `${JSON.stringify(translation, null, 1)}\n`);
}

function fileOf({ state }: Places): string {
  return join(state, "translation.json");
}

/** As it is now; `null`: it is not there, or is none that can be read. */
export function sourceNow(path: string): Source {
  try {
    const { size, mtimeMs } = statSync(path);
    return { path, state: { size, mtimeMs, sha256: digestOf(path) } };
  } catch {
    return { path, state: null };
  }
}

/** Whether it says something else now. A file that was only touched does not; one whose size and time are the same is not read. */
export function hasChanged({ path, state }: Source): boolean {
  try {
    const { size, mtimeMs } = statSync(path);
    if (state === null) return true;
    if (size === state.size && mtimeMs === state.mtimeMs) return false;
    return size !== state.size || digestOf(path) !== state.sha256;
  } catch {
    return state !== null;
  }
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

export function nameOf(text: string): ConfigurationName | null {
  const [component = "", name] = text.split("/");
  return isComponent(component) && name !== undefined ? { component, name } : null;
}

/** Those whose files say something else than when they were taken. */
export function changedOf({ configurations }: Translation): string[] {
  return Object.entries(configurations).flatMap(([name, { sources }]) => (sources.some(hasChanged) ? [name] : []));
}
