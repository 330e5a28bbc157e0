import { type AbsPath, below, show } from "../kernel/path.ts";
import { bandwidthFaults } from "./bandwidth.ts";
import { completionRules } from "./completion-rules.ts";
import { brokerRules } from "./broker-rules.ts";
import { commandRules } from "./commands.ts";
import { resolvePlace, resolveStaging } from "./destination.ts";
import type { Path } from "./fault.ts";
import type { FlowValue } from "./flow.ts";
import { finishRules } from "./finish-rules.ts";
import { hoursFaults } from "./hours.ts";
import { resolvePath } from "./local-path.ts";
import { removalRules } from "./removal-rules.ts";
import type { SectionContext } from "./section.ts";
import type { Partially } from "./shape.ts";
import { tableRules } from "./table.ts";

/** `path` begins at the flow. */
export type RuleFault = { path: Path; about?: "key" | "value"; message: string; suggestion?: string };

/** What a rule looks at: the values that have no fault of their own, and whether the file has a key at all. */
export type RuleFacts = { flow: Partially<FlowValue>; written: (...path: string[]) => boolean; context: SectionContext };
type Rule = (facts: RuleFacts) => RuleFault[];

/** Everything that needs more than one value to be seen. Each is silent where its values are missing or wrong. */
const rules: Rule[] = [
  sourceIsOne,
  destinationIsOne,
  ...brokerRules,
  ...removalRules,
  ...commandRules,
  ...tableRules,
  ...completionRules,
  postsHaveNoDirectories,
  retainIsOne,
  removalNeedsReceipt,
  removalIsNotPropagated,
  heldFilesAreThemselves,
  holdIsOutside,
  destinationIsOutside,
  stagingIsApart,
  compressionTravels,
  acceleratorKnowsFiles,
  hoursAreApart,
  ...finishRules,
];

export function applyRules(facts: RuleFacts): RuleFault[] {
  return rules.flatMap((rule) => rule(facts));
}

function sourceIsOne({ flow, written }: RuleFacts): RuleFault[] {
  if (flow.source === undefined) return [];
  const [first, second] = ["directory", "posts", "table", "subscribe"].filter((key) => written("source", key));
  if (second !== undefined)
    return [{ path: ["source", second], about: "key", message: `a source has either ${first} or ${second}, not both` }];
  return first === undefined
    ? [{ path: ["source"], message: "a source needs a directory to watch (or posts: true, a table, or messages to subscribe to)" }]
    : [];
}

function destinationIsOne({ flow, written }: RuleFacts): RuleFault[] {
  if (flow.destination === undefined) return [];
  const [first, second] = ["url", "commands", "publish", "remove"].filter((key) => written("destination", key));
  if (second !== undefined)
    return [{ path: ["destination", second], about: "key", message: `a destination has either ${first} or ${second}, not both` }];
  return first === undefined ? [{ path: ["destination"], message: "a destination needs a url (or commands, or messages to publish)" }] : [];
}

/** What is posted may lie anywhere, among directories that are nobody's business of ours. */
function postsHaveNoDirectories({ flow, written }: RuleFacts): RuleFault[] {
  if (!written("source", "posts") || written("source", "directory") || typeof flow.retain !== "object") return [];
  if (!written("retain", "empty_directories_after")) return [];
  const message = "no directory is removed where none is watched: leave it out, or watch a directory";
  return [{ path: ["retain", "empty_directories_after"], about: "key", message, suggestion: "source: {directory: DIRECTORY}" }];
}

function retainIsOne({ flow, written }: RuleFacts): RuleFault[] {
  if (typeof flow.retain !== "object") return [];
  const hold = written("retain", "hold");
  const remove = written("retain", "delete_after");
  if (hold && remove) return [{ path: ["retain", "delete_after"], about: "key", message: "files are either held or deleted, not both" }];
  return hold || remove ? [] : [{ path: ["retain"], message: "expected hold or delete_after (or plain keep)" }];
}

/** Promise P4: nothing is removed on less than a digest. */
function removalNeedsReceipt({ flow, written }: RuleFacts): RuleFault[] {
  const verify = flow.destination?.verify;
  if ((verify !== "size" && verify !== "none") || typeof flow.retain !== "object") return [];
  const how = written("retain", "hold") ? "hold" : "delete_after";
  const message = `nothing is removed from the source without a verified receipt: retain ${how} needs a digest, and verify: ${verify} makes none`;
  return [{ path: ["destination", "verify"], message, suggestion: "sha256" }];
}

/**
 * Promise P4: two hosts that share an address share the source. What the retention of one removes there looks, to the other,
 * like a removal by a person, and would be made at the destination: the only copy.
 */
function removalIsNotPropagated({ flow }: RuleFacts): RuleFault[] {
  const propagate: readonly string[] = flow.source?.propagate ?? [];
  if (flow.vip === undefined || typeof flow.retain !== "object" || !propagate.some((kind) => kind === "delete" || kind === "rmdir"))
    return [];
  const message =
    "with vip and retain no removals are propagated: what the other host removes from the source after its delivery would be removed at the destination as well";
  return [{ path: ["source", "propagate"], message, suggestion: "[put, rename, link, mkdir]" }];
}

/** A link that is moved elsewhere may lead elsewhere; and the file that it leads to is not ours to move. */
function heldFilesAreThemselves({ flow, written }: RuleFacts): RuleFault[] {
  if (flow.source?.symlinks !== "follow" || !written("retain", "hold")) return [];
  const message =
    "a symbolic link that is followed is not moved to a holding area, where it could lead elsewhere: delete_after removes the link";
  return [{ path: ["retain", "hold"], about: "key", message, suggestion: "delete_after" }];
}

/** Held files inside the source would be seen as new ones. By the text of the paths: symbolic links are not followed. */
function holdIsOutside({ flow, context }: RuleFacts): RuleFault[] {
  const root = watchedRoot(flow, context);
  if (root === null || typeof flow.retain !== "object" || flow.retain.hold === undefined) return [];
  const hold = resolvePath(flow.retain.hold, context.base);
  if (hold === root || below(root, hold) !== null)
    return [
      {
        path: ["retain", "hold"],
        message: `the holding area ${show(hold)} is inside the source ${show(root)}: held files would be sent again`,
      },
    ];
  return below(hold, root) === null
    ? []
    : [{ path: ["retain", "hold"], message: `the source ${show(root)} is inside the holding area ${show(hold)}` }];
}

/** Files that arrive inside the source would be sent again, for ever. */
function destinationIsOutside({ flow, context }: RuleFacts): RuleFault[] {
  const root = watchedRoot(flow, context);
  const url = flow.destination?.url;
  if (root === null || url?.kind !== "file") return [];
  const { directory } = resolvePlace(url, {}, context);
  const inside = directory === root || below(root, directory as AbsPath) !== null;
  return inside
    ? [
        {
          path: ["destination", "url"],
          message: `the destination ${show(directory as AbsPath)} is inside the source ${show(root)}: what arrives would be sent again`,
        },
      ]
    : [];
}

/** A staging directory inside the source, or one that is the destination itself, would mix parts with whole files. */
function stagingIsApart({ flow, context }: RuleFacts): RuleFault[] {
  const inflight = flow.destination?.inflight;
  const url = flow.destination?.url;
  if (typeof inflight !== "object" || inflight.staging === undefined || url === undefined) return [];
  const place = resolvePlace(url, {}, context);
  const staging = resolveStaging(inflight.staging, place, context.base);
  const path = ["destination", "inflight", "staging"];
  if (staging === place.directory)
    return [{ path, message: "the staging directory is the destination itself: parts would stand among whole files" }];
  const root = place.kind === "file" ? watchedRoot(flow, context) : null;
  const inside = root !== null && (staging === root || below(root, staging as AbsPath) !== null);
  return inside ? [{ path, message: `the staging directory is inside the source ${show(root)}: parts would be sent` }] : [];
}

function compressionTravels({ flow }: RuleFacts): RuleFault[] {
  if (flow.destination?.compress !== true || flow.destination.url?.kind !== "file") return [];
  const message = "nothing is compressed on the way to a local directory: compress is for ssh";
  return [{ path: ["destination", "compress"], message, suggestion: "false" }];
}

function acceleratorKnowsFiles({ flow }: RuleFacts): RuleFault[] {
  const command = flow.destination?.accelerate?.command;
  if (command === undefined) return [];
  const missing = ["%s", "%d"].filter((place) => !command.some((argument) => argument.includes(place)));
  return missing.map((place) => ({
    path: ["destination", "accelerate", "command"],
    message: `the command has no ${place}, which stands for ${place === "%s" ? "the source file" : "the file at the destination"}`,
  }));
}

function hoursAreApart({ flow }: RuleFacts): RuleFault[] {
  const bandwidth = flow.destination?.bandwidth;
  return [
    ...(bandwidth === undefined ? [] : bandwidthFaults(bandwidth, ["destination", "bandwidth"])),
    ...(flow.schedule === undefined ? [] : hoursFaults(flow.schedule, ["schedule"])),
  ];
}

function watchedRoot(flow: Partially<FlowValue>, context: SectionContext): AbsPath | null {
  const directory = flow.source?.directory;
  return directory === undefined ? null : resolvePath(directory, context.base);
}
