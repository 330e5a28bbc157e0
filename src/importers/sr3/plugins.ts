import type { At } from "../remark.ts";
import type { Configuration } from "./reader.ts";

/** What becomes of sr3's own plugins where a configuration asks for one. `into`: carried over. `needless`: nothing is lost without it. */
type Fate = { how: "into" | "needless"; what: string };

const fates: Readonly<Record<string, Fate>> = {
  mdelaylatest: { how: "into", what: "source.settle" },
  "filter.fdelay": { how: "into", what: "source.settle" },
  "accept.tolocalfile": { how: "needless", what: "what is on this machine is read from its disk wherever a file: URL says so" },
  "work.age": { how: "needless", what: "hotdir status tells how far a flow is behind" },
  "work.delete": { how: "into", what: "retain" },
  log: { how: "needless", what: "hotdir log reads the log" },
  retry: { how: "needless", what: "what failed is tried again from the ledger" },
  nodupe: { how: "needless", what: "nodupe_ttl says it" },
  "nodupe.disk": { how: "needless", what: "nodupe_ttl says it" },
  "housekeeping.resources": { how: "needless", what: "memory is bounded by itself" },
  tally_volume: { how: "needless", what: "hotdir status counts files and bytes" },
};

export type Plugin = { name: string; at: At | null; fate: Fate | null };

/** `sarracenia.flowcb.mdelaylatest.MDelayLatest` is mdelaylatest: what is the package's, and the class's name, are left out. */
export function plugins({ effective }: Configuration): Plugin[] {
  return ["callback", "callback_prepend", "plugin", "on_message"].flatMap((option) =>
    effective.each(option).flatMap(({ value, at }) => {
      if (value.type !== "text" || value.text === null) return [];
      const words = value.text.replace(/^sarracenia\.flowcb\./, "").replace(/\.[A-Z]\w*$/, "");
      const known = [words, words.split(".").at(-1) ?? ""].find((name) => Object.hasOwn(fates, name));
      return [{ name: known ?? value.text, at, fate: known === undefined ? null : fates[known]! }];
    }),
  );
}

export function pluginsOf(configuration: Configuration): string[] {
  return plugins(configuration).map(({ name }) => name);
}
