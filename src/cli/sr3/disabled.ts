import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ConfigurationName } from "../../importers/sr3/configuration-file.ts";
import { formatName } from "../../importers/sr3/configuration-file.ts";
import { readIfThere, writeDurably } from "../../kernel/durable-file.ts";
import type { Places } from "./places.ts";

const schema = z.array(z.string());

/**
 * Configurations that are switched off. Our own list is kept with our state; sr3's flag file counts as well, so that who comes
 * from sr3, or goes back to it, finds the same ones off: a cache may be emptied, hence not that alone.
 */
export function disabledIn(places: Places): (name: ConfigurationName) => boolean {
  const own = new Set(ownList(places));
  return (name) => own.has(formatName(name)) || existsSync(flagOf(places, name));
}

export function disable(places: Places, name: ConfigurationName): void {
  writeList(places, [...new Set([...ownList(places), formatName(name)])].toSorted());
  // Where sr3 never ran there is nobody whom its flag would tell anything.
  if (!existsSync(places.cache)) return;
  mkdirSync(join(places.cache, name.component, name.name), { recursive: true, mode: 0o700 });
  writeFileSync(flagOf(places, name), "");
}

export function enable(places: Places, name: ConfigurationName): void {
  rmSync(flagOf(places, name), { force: true });
  writeList(
    places,
    ownList(places).filter((known) => known !== formatName(name)),
  );
}

function flagOf({ cache }: Places, { component, name }: ConfigurationName): string {
  return join(cache, component, name, "disabled");
}

function listFile({ state }: Places): string {
  return join(state, "disabled.json");
}

function ownList(places: Places): string[] {
  const text = readIfThere(listFile(places));
  return text === null ? [] : schema.parse(JSON.parse(text));
}

function writeList(places: Places, names: string[]): void {
  mkdirSync(places.state, { recursive: true, mode: 0o700 });
  writeDurably(listFile(places), `${JSON.stringify(names)}\n`);
}
