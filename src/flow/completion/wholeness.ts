import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { never } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import { formatAge, formatMany, formatTime } from "../../kernel/readable.ts";
import type { WholeRule } from "../settings.ts";

/** What a rule looks at. Functions are asked only where the rule needs them. */
export type SetFacts = {
  timecode: number | null;
  hasNewer: () => boolean;
  /** `there`: seen, and delivered or on its way. */
  marker: () => "there" | "absent" | "ignored";
  /** How many files of the set are at the destination, or more: exactly where it may be enough. */
  members: (wanted: number) => number;
  /** Since when nothing new of it was seen, by somebody who looked. */
  quietSince: SteadyMs;
  now: { wall: WallMs; steady: SteadyMs };
};

/** `since`: a look at the source that began earlier tells nothing. `why`: for people. */
export type Wholeness = { whole: true; since: SteadyMs } | { whole: false; why: string };

const TIMECODE_MS = 100_000_000;
const ALWAYS: Wholeness = { whole: true, since: 0 };

export function timecodeAt(wall: WallMs): number {
  return Math.floor(wall / TIMECODE_MS);
}

/** Whether no more files are expected in a set. Pure. */
export function wholeness(rule: WholeRule, facts: SetFacts): Wholeness {
  switch (rule.kind) {
    case "timecode":
      return byTimecode(facts);
    case "marker":
      return byMarker(rule, facts);
    case "count": {
      const members = facts.members(rule.count);
      return members >= rule.count ? ALWAYS : no(`${members} of ${formatMany(rule.count, "file")} arrived`);
    }
    case "quiet": {
      const leftMs = facts.quietSince + rule.quietMs - facts.now.steady;
      return leftMs <= 0
        ? { whole: true, since: facts.quietSince + rule.quietMs }
        : no(`it was quiet for ${formatAge(rule.quietMs - leftMs)} of ${formatAge(rule.quietMs)}`);
    }
    default:
      return never(rule);
  }
}

/** As SupRsync has it: a newer set, or more than one timecode behind the present one. */
function byTimecode({ timecode, hasNewer, now }: SetFacts): Wholeness {
  if (timecode === null) return no("its name is no timecode (Unix time / 100,000), so it never will be");
  if (timecodeAt(now.wall) - timecode > 1 || hasNewer()) return ALWAYS;
  return no(`there is no newer set, and it ends by itself only at ${formatTime((timecode + 2) * TIMECODE_MS)}`);
}

function byMarker({ marker }: WholeRule & { kind: "marker" }, facts: SetFacts): Wholeness {
  const found = facts.marker();
  if (found === "there") return ALWAYS;
  return no(
    found === "absent"
      ? `its marker ${show(marker)} was not seen`
      : `its marker ${show(marker)} is there and is not sent: take it out of 'reject', or into 'accept'`,
  );
}

function no(why: string): Wholeness {
  return { whole: false, why };
}
