import type { Wait } from "../flow/ledger/set-waits.ts";
import { show } from "../kernel/path.ts";
import { formatMany, formatTime } from "../kernel/readable.ts";
import { retryCommand } from "./retry-command.ts";
import type { SetFacts } from "./set-facts.ts";

/** How far a set is and what it waits for, by name, in a sentence. Pure. */
export function setStory(flow: string, facts: SetFacts): string {
  return facts.manifest === null ? openStory(flow, facts) : completeStory(flow, facts.manifest);
}

function openStory(flow: string, { notWhole, waits }: SetFacts): string {
  const waiting =
    waits.count === 0 ? null : `waits for ${waits.atLeast ? "more than " : ""}${formatMany(waits.count, "file")}: ${listed(flow, waits)}`;
  if (notWhole !== null) return `is not whole yet: ${notWhole}${waiting === null ? "" : `; ${waiting}`}`;
  return (
    waiting ??
    "is whole, and no file of it waits: it is compared with the source before its manifest is made, which takes a file of it at least"
  );
}

function listed(flow: string, { first, count }: SetFacts["waits"]): string {
  const more = count > first.length ? `, and ${formatMany(count - first.length, "more")}`.replace(/mores$/, "more") : "";
  return first.map((wait) => `${show(wait.path)} (${whatOf(wait)}${whyOf(flow, wait)})`).join(", ") + more;
}

function whatOf({ kind, state }: Wait): string {
  const what = { delete: "its removal is ", rmdir: "its removal is ", rename: "its rename is ", mkdir: "to be made, " }[kind] ?? "";
  return `${what}${state === "settling" ? "not complete at the source" : state}`;
}

function whyOf(flow: string, { state, reason, path }: Wait): string {
  if (state !== "dead") return "";
  return `: ${reason ?? "no reason is known"}; '${retryCommand(flow, path)}' sends it again`;
}

function completeStory(flow: string, { path, madeAtMs, members, state, late }: NonNullable<SetFacts["manifest"]>): string {
  const after = late === 0 ? "" : `; ${formatMany(late, "file")} came after that, and ${late === 1 ? "is" : "are"} not in it`;
  const how =
    state === null
      ? "is being written"
      : state === "delivered"
        ? "is delivered"
        : state === "dead"
          ? `is dead: '${retryCommand(flow, path)}' sends it again`
          : `is ${state}`;
  return `complete since ${formatTime(madeAtMs)}, with ${formatMany(members, "file")}; its manifest ${show(path)} ${how}${after}`;
}
