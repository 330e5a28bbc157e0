/**
 * `mask`, `strip`, `inflight`, `identity`, `nodupe`: have a form of their own. `word`: only the first word counts.
 * `each`: every line stands for itself.
 */
export type OptionType =
  | "flag"
  | "count"
  | "size"
  | "duration"
  | "float"
  | "mode"
  | "set"
  | "list"
  | "text"
  | "word"
  | "each"
  | "mask"
  | "strip"
  | "inflight"
  | "identity"
  | "nodupe";

/**
 * What becomes of an option. `into`: this key of the flow. `joins`: says who meets whom, or what stands where. `reads`: says how other lines are
 * read. `needless`: hotdir does it anyway, or another way. `left`: a broker's, or a process's, that is not there. `refused`: files would arrive
 * elsewhere, or not as they do now, so that nothing is written.
 */
export type Carried = { how: "into" | "joins" | "reads" | "needless" | "left" | "refused"; what: string };

export type Option = {
  name: string;
  type: OptionType;
  /** As it would be written; empty: unset. */
  preset: string;
  /** Which components it is for. */
  components: string;
  carried: Carried;
};

/** Name, type, preset, components, what becomes of it, and a word about that. */
export type OptionRow = readonly [name: string, type: OptionType, preset: string, components: string, how: Carried["how"], what: string];
