import { Fragment } from "preact";
import { formatCount } from "../../src/kernel/readable.ts";
import type { Counts } from "./facts.ts";

const terms = ["settling", "queued", "sending", "delivered", "superseded", "ignored", "dead"] as const;

/** The law of conservation, added up here once more from the terms that are shown. */
export function Equation({ counts }: { counts: Counts }) {
  const sum = terms.reduce((total, term) => total + counts[term], 0);
  const holds = sum === counts.seen;
  return (
    <p class={`equation${holds ? "" : " broken"}`} title="Everything that was seen is accounted for">
      <span class="term">
        <b>{formatCount(counts.seen)}</b> seen
      </span>{" "}
      <span class="sign">{holds ? "=" : "≠"}</span>{" "}
      {terms.map((term, at) => (
        <Fragment key={term}>
          <span class={`term${counts[term] === 0 ? " none" : ""}`}>
            {at > 0 && <span class="sign">+ </span>}
            <b>{formatCount(counts[term])}</b> {term}
          </span>{" "}
        </Fragment>
      ))}
      <span class="verdict">{holds ? "✓ it adds up" : `✗ off by ${formatCount(Math.abs(counts.seen - sum))}`}</span>
    </p>
  );
}
