import { asFlowName } from "../flow-name.ts";
import type { ConfigurationName } from "./configuration-file.ts";

/** `sender/to_hpfx` is the flow `sender-to_hpfx`. */
export function flowNameOf({ component, name }: ConfigurationName): string {
  return asFlowName(`${component}-${name}`);
}
