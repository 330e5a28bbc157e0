import type { ConfigurationName } from "./configuration-file.ts";

/** Leaves room for `_2` and the like. */
const NAME_CHARACTERS_MAX = 56;

/** `sender/to_hpfx` is the flow `sender-to_hpfx`. */
export function flowNameOf({ component, name }: ConfigurationName): string {
  return asFlowName(`${component}-${name}`);
}

/** With what a flow's name has no letters for as `_`. */
export function asFlowName(wanted: string): string {
  return (
    wanted
      .replaceAll(/[^A-Za-z0-9_-]/g, "_")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, NAME_CHARACTERS_MAX) || "flow"
  );
}
