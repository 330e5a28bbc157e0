import { formatRemark } from "../../importers/remark.ts";
import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import type { Tree } from "../../importers/sr3/import-tree.ts";
import { takeConfiguration } from "./translate.ts";
import type { Translated, Translation } from "./translation.ts";

/** `text`: lines of a command line, which are a configuration of their own in `tree`. */
export type Given = { tree: Tree; isOfOptions: boolean };

/** What there will be once it is written, and what is to be said of it. */
export type Prepared = { translation: Translation; faulty: ConfigurationName[]; told: string[] };

/**
 * Configurations as they are now, among those that stay. One that is faulty keeps what it came to before, where there is
 * something; one that says the same as before is as it was.
 */
export function prepare(
  before: Translation,
  names: readonly ConfigurationName[],
  { tree, isOfOptions }: Given,
  stays: (name: string, translated: Translated) => boolean,
): Prepared {
  const configurations = Object.fromEntries(Object.entries(before.configurations).filter(([name, translated]) => stays(name, translated)));
  const [faulty, left] = [{ ...before.faulty }, { ...before.left }];
  const failed: ConfigurationName[] = [];
  const told: string[] = [];
  for (const name of names) {
    const key = formatName(name);
    delete faulty[key];
    delete left[key];
    const result = takeConfiguration(tree, name, isOfOptions);
    const known = configurations[key];
    if (result.kind === "flows") {
      const isSame = known?.yaml === result.translated.yaml;
      if (!isSame) told.push(...result.translated.remarks.filter(({ kind }) => kind === "assumed").map(formatRemark));
      configurations[key] = isSame && !isOfOptions ? { ...result.translated, takenAtMs: known.takenAtMs } : result.translated;
    } else if (result.kind === "left") {
      told.push(`hotdir: ${key} is left out: ${result.why}`);
      left[key] = result.sources;
      delete configurations[key];
    } else {
      failed.push(name);
      if (!isOfOptions) faulty[key] = result.sources;
      const kept = known === undefined ? "it is not started" : "what runs of it goes on as it was";
      told.push(...result.errors.map(formatRemark), `hotdir: ${key} cannot be carried over; ${kept}`);
    }
  }
  return { translation: { ...before, configurations, faulty, left }, faulty: failed, told };
}
