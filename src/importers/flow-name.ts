/** Leaves room for `_2` and the like. */
const NAME_CHARACTERS_MAX = 56;

/** With what a flow's name has no letters for as `_`. */
export function asFlowName(wanted: string): string {
  return (
    wanted
      .replaceAll(/[^A-Za-z0-9_-]/g, "_")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, NAME_CHARACTERS_MAX) || "flow"
  );
}

/** Gives each name once: the second `smurf` is `smurf_2`. */
export function flowNamer(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let at = 2; taken.has(name); at++) name = `${wanted}_${at}`;
    taken.add(name);
    return name;
  };
}
