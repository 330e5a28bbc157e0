import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import type { World } from "../support/world.ts";
import { compareTrees, readTree } from "../support/tree.ts";
import { toBuffer } from "../support/walk.ts";

type Section = Record<string, unknown>;
export type FlowSection = { source: Section; destination: Section; retry: Section; retain: unknown };

/** What the world wrote as its flow, to be laid out anew: several flows, another destination. */
export function configure(world: World, change: (flow: FlowSection) => Record<string, object>): void {
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world?: FlowSection } };
  if (written.flows.world === undefined) throw new Error("the world was configured already");
  writeFileSync(world.place.configFile, JSON.stringify({ ...written, flows: change(written.flows.world) }, null, 2));
}

/** Writes files below the source; names are byte strings. */
export function writeFiles(directory: string, files: Record<string, string | Buffer>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = `${directory}/${name}`;
    mkdirSync(toBuffer(dirname(path)), { recursive: true });
    writeFileSync(toBuffer(path), content);
  }
}

/** Fails unless both trees hold the same, by `find` and `sha256sum`. */
export async function expectSameTrees(world: World, ignore?: RegExp): Promise<void> {
  const differences = compareTrees(await readTree(world.source), await readTree(world.destination), ignore === undefined ? {} : { ignore });
  expect(differences, world.hotdir.log()).toEqual([]);
}

/** Names in a directory, as byte strings, sorted. */
export function namesIn(directory: string): string[] {
  return readdirSync(directory, { encoding: "latin1" }).toSorted();
}

export function isThere(path: string): boolean {
  return lstatSync(toBuffer(path), { throwIfNoEntry: false }) !== undefined;
}

/** One fact of the only flow that `status --json` prints and the shared parser leaves out. */
export async function flowFact(world: World, name: string): Promise<unknown> {
  const outcome = await world.hotdir.ask("status", "--json");
  const status = JSON.parse(outcome.stdout) as { flows: Section[] };
  return status.flows[0]?.[name];
}

/** The receipts as they are printed. */
export async function rawReceipts(world: World, ...args: string[]): Promise<Section[]> {
  const outcome = await world.hotdir.ask("receipts", "--format", "json", ...args);
  return JSON.parse(outcome.stdout) as Section[];
}
