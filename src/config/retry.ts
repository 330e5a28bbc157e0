import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { textField } from "./fields.ts";
import { bad, type Parsed } from "./parsed.ts";
import { section } from "./section.ts";
import { parseDurationRange } from "./units.ts";

const DAY_MS = 86_400_000;
const unit = "(ms|s|m|h|d|w)";

function parseBackoff(text: string): Parsed<{ minMs: number; maxMs: number }> {
  const range = parseDurationRange(text);
  if (!range.ok) return range;
  if (range.value.minMs < 10) return bad("the first wait is at least 10ms");
  return range.value.maxMs <= DAY_MS ? range : bad("the longest wait is at most 1d");
}

export const retry = section({
  schema: z
    .strictObject({
      attempts: z
        .union([z.int().min(1).max(10_000), z.literal("unlimited")])
        .prefault(10)
        .meta({ title: "a whole number from 1 to 10000, or unlimited" })
        .describe(
          "After so many failed attempts a transfer is a dead letter; `unlimited`: it never is. Only faults of the file itself count; an outage costs none.",
        ),
      backoff: textField({
        title: "range of durations",
        pattern: `^[0-9.]+ ?${unit}( ?\\.\\. ?[0-9.]+ ?${unit})?$`,
        examples: ["2s..10m"],
        parse: parseBackoff,
      })
        .prefault("2s..10m")
        .describe("The wait after the first failure, doubled with each, up to the longest."),
    })
    .prefault({})
    .describe("How transfers that failed are tried again."),
  settings: (value): Pick<FlowSettings, "retry"> => ({
    retry: { attemptsMax: value.attempts === "unlimited" ? Infinity : value.attempts, backoff: value.backoff },
  }),
});
