import { defaultPaths, manifestVariables, variablesOf } from "../flow/completion/manifest-name.ts";
import { below, show } from "../kernel/path.ts";
import type { FlowValue } from "./flow.ts";
import { resolvePath } from "./local-path.ts";
import type { RuleFacts, RuleFault } from "./rules.ts";
import type { Partially } from "./shape.ts";
import { rolesOf } from "./without-effect.ts";

/** What has to hold of sets and their manifests. Each is silent where its values are missing or wrong. */
export const completionRules: Array<(facts: RuleFacts) => RuleFault[]> = [
  filesAreMoved,
  wholeIsOne,
  manifestsAreApart,
  instanceIsNamed,
  sumsNeedDigests,
  manifestsAreOutside,
  oneLedgerDecides,
];

const KEY = "completion";

function filesAreMoved({ flow, written }: RuleFacts): RuleFault[] {
  const roles = rolesOf(written);
  if (flow.completion === undefined || !(roles.publishes || roles.removes)) return [];
  const message = `with ${roles.publishes ? "publish" : "remove"} no file is moved, so there is no set that could be complete`;
  return [{ path: [KEY], about: "key", message }];
}

function wholeIsOne({ flow, written }: RuleFacts): RuleFault[] {
  if (typeof flow.completion?.whole !== "object") return [];
  const [first, second] = ["marker", "count", "quiet"].filter((key) => written(KEY, "whole", key));
  if (second !== undefined)
    return [{ path: [KEY, "whole", second], about: "key", message: `a set is whole by either ${first} or ${second}, not both` }];
  return first === undefined ? [{ path: [KEY, "whole"], message: "expected marker, count or quiet (or plain timecode)" }] : [];
}

function pathOf(flow: Partially<FlowValue>): string | null {
  const manifest = flow.completion?.manifest;
  return manifest?.path ?? (manifest?.format === undefined ? null : defaultPaths[manifest.format]);
}

/** Two sets with one name would have one manifest between them. */
function manifestsAreApart({ flow }: RuleFacts): RuleFault[] {
  const path = flow.completion?.manifest?.path;
  if (path === undefined) return [];
  const at = [KEY, "manifest", "path"];
  const used = variablesOf(path);
  const unknown = used.find((name) => !(manifestVariables as readonly string[]).includes(name));
  if (unknown !== undefined)
    return [{ path: at, message: `there is no variable ${unknown} in a manifest's path (known: ${manifestVariables.join(", ")})` }];
  if (used.some((name) => name === "set" || name === "name" || name === "timecode")) return [];
  return [
    { path: at, message: "every set needs a manifest of its own name: put ${set} or ${name} into it", suggestion: "${set}.manifest" },
  ];
}

function instanceIsNamed({ flow, written }: RuleFacts): RuleFault[] {
  const path = pathOf(flow);
  const manifest = flow.completion?.manifest;
  if (manifest === undefined || path === null || written(KEY, "manifest", "instance")) return [];
  const needed = manifest.format === "suprsync" || variablesOf(path).includes("instance");
  return needed ? [{ path: [KEY, "manifest"], message: "this manifest names its instance: write manifest.instance" }] : [];
}

function sumsNeedDigests({ flow }: RuleFacts): RuleFault[] {
  const verify = flow.destination?.verify;
  if (flow.completion?.manifest?.format !== "sums" || (verify !== "size" && verify !== "none")) return [];
  const message = `sums are digests, and verify: ${verify} makes none`;
  return [{ path: ["destination", "verify"], message, suggestion: "sha256" }];
}

/** Manifests inside the source would be taken for files of it. By the text of the paths: symbolic links are not followed. */
function manifestsAreOutside({ flow, context }: RuleFacts): RuleFault[] {
  const written = flow.completion?.manifest?.directory;
  const source = flow.source?.directory;
  if (written === undefined || source === undefined) return [];
  const [directory, root] = [resolvePath(written, context.base), resolvePath(source, context.base)];
  if (directory !== root && below(root, directory) === null) return [];
  const message = `the manifests' directory ${show(directory)} is inside the source ${show(root)}: they would be sent twice`;
  return [{ path: [KEY, "manifest", "directory"], message }];
}

/** Each of two hosts has a ledger of its own, and would make a manifest of its own. */
function oneLedgerDecides({ flow }: RuleFacts): RuleFault[] {
  if (flow.completion === undefined || flow.vip === undefined) return [];
  const message = "with vip each host would make a manifest of its own: a set has one only where one ledger decides";
  return [{ path: ["vip"], about: "key", message }];
}
