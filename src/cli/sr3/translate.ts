import { type ConfigurationName, formatName, type Files } from "../../importers/sr3/configuration-file.ts";
import { importTree, type Tree } from "../../importers/sr3/import-tree.ts";
import type { Remark } from "../../importers/remark.ts";
import type { Component } from "../../importers/sr3/configuration-file.ts";
import { type Source, sourceNow, type Translated } from "./translation.ts";

export type Taken =
  | { kind: "flows"; translated: Translated }
  | { kind: "faulty"; sources: Source[]; errors: Remark[] }
  /** hotdir has nothing to do for it. */
  | { kind: "left"; sources: Source[]; why: string };

/** What one configuration comes to as it is now, and the files that it was made of. */
export function takeConfiguration(tree: Tree, name: ConfigurationName, isOfOptions: boolean): Taken {
  const read = new Set<string>();
  const files: Files = {
    read: (path) => {
      read.add(path);
      return tree.files.read(path);
    },
  };
  const isIt = (other: ConfigurationName): boolean => formatName(other) === formatName(name);
  const { yaml, flows, remarks, alone } = importTree({ ...tree, files }, isIt, { withoutBroker: false });
  const sources = [...read].map(sourceNow);
  if (yaml !== null)
    return {
      kind: "flows",
      translated: { flows, yaml, sources, remarks: [...remarks], isOfOptions, moves: movesOf(name.component), takenAtMs: Date.now() },
    };
  const errors = remarks.filter(({ kind }) => kind === "error");
  if (errors.length > 0) return { kind: "faulty", sources, errors };
  return { kind: "left", sources, why: alone[0]?.why ?? "nothing of it can be run" };
}

/** Which way the bytes of files go, as sr3's columns tell them apart. */
function movesOf(component: Component): Translated["moves"] {
  if (component === "sender") return "out";
  return component === "sarra" || component === "subscribe" ? "in" : "none";
}

export function remarksOf(taken: Taken): readonly Remark[] {
  if (taken.kind === "flows") return taken.translated.remarks;
  return taken.kind === "faulty" ? taken.errors : [{ kind: "note", at: null, message: `it is left out: ${taken.why}` }];
}
