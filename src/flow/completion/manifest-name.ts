import { type Bytes, bytesOfText, nameOf, type RelPath } from "../../kernel/path.ts";
import type { ManifestFormat, ManifestSettings } from "../settings.ts";

/** What may stand in a manifest's path as `${...}`. */
export const manifestVariables = ["set", "name", "flow", "timecode", "unix", "tc_now", "instance", "archive"] as const;
export type ManifestVariable = (typeof manifestVariables)[number];

export const defaultPaths: Record<ManifestFormat, string> = {
  json: "${set}.manifest.json",
  sums: "${set}.sums",
  suprsync: "${tc_now}/suprsync/${instance}/${unix}_${archive}_${timecode}_finalized.yaml",
};

const reference = /\$\{(\w+)\}/g;

export function variablesOf(path: string): string[] {
  return [...path.matchAll(reference)].map((match) => match[1] ?? "");
}

export function isManifestVariable(name: string): name is ManifestVariable {
  return (manifestVariables as readonly string[]).includes(name);
}

export type NamedManifest = { flow: string; set: RelPath; nowMs: number };

/** The path at the destination, and the one below the manifests' directory on this machine. Pure; the settings' path was checked. */
export function manifestNames(settings: ManifestSettings, of: NamedManifest): { path: RelPath; local: RelPath } {
  const values = valuesOf(settings, of);
  const path = bytesOfText(settings.path).replaceAll(reference, (_, name: ManifestVariable) => values[name]) as Bytes as RelPath;
  // SupRsync leaves the directory that is its own out, here.
  const local = settings.format === "suprsync" ? `${values.tc_now}/${values.instance}/${nameOf(path)}` : path;
  return { path, local: local as Bytes as RelPath };
}

function valuesOf({ instance, archive }: ManifestSettings, { flow, set, nowMs }: NamedManifest): Record<ManifestVariable, string> {
  return {
    set,
    name: nameOf(set),
    timecode: nameOf(set),
    flow: bytesOfText(flow),
    unix: String(Math.floor(nowMs / 1000)),
    tc_now: String(Math.floor(nowMs / 100_000_000)),
    instance: bytesOfText(instance ?? ""),
    archive: bytesOfText(archive),
  };
}
