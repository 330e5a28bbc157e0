import { below, show } from "../kernel/path.ts";
import type { FlowValue } from "./flow.ts";
import { resolvePath } from "./local-path.ts";
import type { RuleFacts, RuleFault } from "./rules.ts";
import type { SectionContext } from "./section.ts";
import type { Partially } from "./shape.ts";
import { rolesOf } from "./without-effect.ts";

/** What has to hold before a message, or what became of one, lets a file go. Each is silent where its values are missing or wrong. */
export const removalRules: Array<(facts: RuleFacts) => RuleFault[]> = [subscribedRemoval, removalIsMeant];

/**
 * Promise P4: whoever may publish could name any file of this user, and it would be removed once it was sent. Below a directory
 * that the user named for it that is what he asked for.
 */
function subscribedRemoval({ flow, written }: RuleFacts): RuleFault[] {
  if (!rolesOf(written).subscribes || rolesOf(written).removes || typeof flow.retain !== "object") return [];
  if (flow.source?.base?.kind === "url") {
    const message = "files are removed only below a directory that is named here, since a message may name any path: write source.base";
    return [{ path: ["retain"], message, suggestion: "source: {base: DIRECTORY}" }];
  }
  const unmatched = flow.source?.unmatched;
  if (written("source", "routes") || typeof unmatched === "object") {
    const message =
      "with routes a file has another place at the destination than here, and is removed from neither: leave retain or the routes out";
    return [{ path: ["retain"], message, suggestion: "keep" }];
  }
  if (!written("retain", "empty_directories_after")) return [];
  const message = "no directory is removed where none is watched: leave it out";
  return [{ path: ["retain", "empty_directories_after"], about: "key", message }];
}

/** What goes goes because of a message, from a directory that was meant. By the text of the paths: symbolic links are not followed. */
function removalIsMeant({ flow, written, context }: RuleFacts): RuleFault[] {
  if (!rolesOf(written).removes) return [];
  const path = ["destination", "remove"];
  if (!written("source", "subscribe"))
    return [
      {
        path,
        about: "key",
        message: "remove goes with subscribe: messages tell what may go; after a delivery of its own a flow has retain",
      },
    ];
  const { directory, hold } = flow.destination?.remove ?? {};
  if (directory === undefined) return [];
  const root = resolvePath(directory, context.base);
  if (root === "/")
    return [{ path: [...path, "directory"], message: "a message could then name any file of this machine: name a directory" }];
  const held = hold === undefined ? null : resolvePath(hold, context.base);
  return held !== null && (held === root || below(root, held) !== null)
    ? [{ path: [...path, "hold"], message: `the holding area ${show(held)} is inside of what is cleaned, ${show(root)}` }]
    : [];
}

/**
 * Promise P4: what goes here because it arrived would look, to a flow that propagates removals from here, like a removal by a person,
 * and would be made where it arrived. Paths begin at the file's top.
 */
export function removalsAreApart(flows: Record<string, Partially<FlowValue> | undefined>, context: SectionContext): RuleFault[] {
  const watched = Object.entries(flows).flatMap(([name, flow]) => {
    const directory = flow?.source?.directory;
    const kinds: readonly string[] = flow?.source?.propagate ?? [];
    if (directory === undefined || !kinds.some((kind) => kind === "delete" || kind === "rmdir")) return [];
    return [{ name, root: resolvePath(directory, context.base) }];
  });
  return Object.entries(flows).flatMap(([name, flow]): RuleFault[] => {
    const directory = flow?.destination?.remove?.directory;
    if (directory === undefined) return [];
    const root = resolvePath(directory, context.base);
    const other = watched.find((one) => one.root === root || below(one.root, root) !== null || below(root, one.root) !== null);
    if (other === undefined) return [];
    const message = `the flow ${other.name} propagates removals from there: what goes here would be removed where it has arrived, too`;
    return [{ path: ["flows", name, "destination", "remove", "directory"], message }];
  });
}
