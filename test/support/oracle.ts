import type { Claim, FlowStatus, Letter } from "./facts.ts";
import type { ManifestLine } from "./manifest.ts";
import type { ReaderLine } from "./reader-lines.ts";
import type { Tree } from "./tree.ts";

/** All that is known from outside of hotdir, and all that hotdir claims, once it says that nothing is left to do. */
export type Evidence = {
  manifest: ManifestLine[];
  seen: ReaderLine[];
  source: Tree;
  destination: Tree;
  claims: Claim[];
  dead: Letter[];
  flows: FlowStatus[];
  /** Names at the destination that are not final. */
  inflight: RegExp;
  /** `keep`: nothing may go from the source. `remove`: what was delivered may. */
  retain: "keep" | "remove";
};

/** Each is a list of what is wrong, and must be empty. */
export type Verdict = {
  /** P1: a file of the source is neither at the destination nor listed as dead. */
  lost: string[];
  /** P1, P8: at the destination, and no receipt tells so. */
  unproven: string[];
  /** P3: the reader, or the last look, found bytes under a final name that were never a version of it. */
  partial: string[];
  /** P2: a receipt for bytes that are not there. */
  falselyDelivered: string[];
  /** P4: gone from the source without being at the destination. */
  unsafelyDeleted: string[];
  /** Files at the destination that nobody put into the source, inflight leftovers included. */
  strays: string[];
  conservation: string[];
};

export function judge(evidence: Evidence): Verdict {
  const history = readHistory(evidence.manifest);
  const dead = new Set(evidence.dead.map((letter) => letter.path));
  const claims = newestClaims(evidence.claims);
  const verdict: Verdict = { lost: [], unproven: [], partial: [], falselyDelivered: [], unsafelyDeleted: [], strays: [], conservation: [] };

  for (const [path, sha256] of history.present) {
    const arrived = evidence.destination.get(path)?.content === sha256;
    if (!arrived && !dead.has(path))
      verdict.lost.push(`${shown(path)}: ${evidence.destination.get(path)?.content ?? "missing"}, not ${sha256}`);
    if (arrived && !claims.has(path)) verdict.unproven.push(shown(path));
    const kept = evidence.source.get(path)?.content === sha256;
    if (!kept && (evidence.retain === "keep" || !arrived)) verdict.unsafelyDeleted.push(shown(path));
  }
  for (const { path, sha256, sizeBytes } of evidence.seen) {
    if (history.versions.get(path)?.has(sha256) !== true)
      verdict.partial.push(`${shown(path)}: the reader saw ${sha256} (${sizeBytes} bytes)`);
  }
  for (const [path, entry] of evidence.destination) {
    if (entry.kind !== "f") continue;
    if (evidence.inflight.test(path) || !history.versions.has(path)) verdict.strays.push(shown(path));
    else if (history.versions.get(path)?.has(entry.content) !== true)
      verdict.partial.push(`${shown(path)}: lies there with ${entry.content}`);
  }
  for (const [path, claim] of claims) judgeClaim(path, claim, history, evidence.destination, verdict);
  for (const flow of evidence.flows) judgeCounts(flow, verdict);
  return verdict;
}

/** How many files of the source are not yet at the destination. */
export function countMissing(manifest: ManifestLine[], destination: Tree): number {
  return [...readHistory(manifest).present].filter(([path, sha256]) => destination.get(path)?.content !== sha256).length;
}

/** As many as there are of each, for messages. */
export function countFaults(verdict: Verdict): Record<keyof Verdict, number> {
  return {
    lost: verdict.lost.length,
    unproven: verdict.unproven.length,
    partial: verdict.partial.length,
    falselyDelivered: verdict.falselyDelivered.length,
    unsafelyDeleted: verdict.unsafelyDeleted.length,
    strays: verdict.strays.length,
    conservation: verdict.conservation.length,
  };
}

export const spotless: Verdict = {
  lost: [],
  unproven: [],
  partial: [],
  falselyDelivered: [],
  unsafelyDeleted: [],
  strays: [],
  conservation: [],
};

type History = {
  /** What the source holds at the end. */
  present: Map<string, string>;
  /** Every complete version that a path ever had, by itself or from where it was renamed. */
  versions: Map<string, Set<string>>;
};

function readHistory(manifest: ManifestLine[]): History {
  const history: History = { present: new Map(), versions: new Map() };
  for (const line of manifest) {
    switch (line.event) {
      case "version":
        history.present.set(line.path, line.sha256);
        versionsOf(history, line.path).add(line.sha256);
        break;
      case "renamed": {
        const sha256 = history.present.get(line.from);
        if (sha256 === undefined) throw new Error(`the manifest renames what is not there: ${shown(line.from)}`);
        history.present.delete(line.from);
        history.present.set(line.path, sha256);
        for (const version of versionsOf(history, line.from)) versionsOf(history, line.path).add(version);
        break;
      }
      case "deleted":
        history.present.delete(line.path);
        break;
    }
  }
  return history;
}

function versionsOf(history: History, path: string): Set<string> {
  const versions = history.versions.get(path) ?? new Set();
  history.versions.set(path, versions);
  return versions;
}

/** Receipts come oldest first; the newest of a path is the one that must be true now. */
function newestClaims(claims: Claim[]): Map<string, Claim> {
  return new Map(claims.filter((claim) => claim.kind === "put" || claim.kind === "rename").map((claim) => [claim.path, claim]));
}

function judgeClaim(path: string, claim: Claim, history: History, destination: Tree, verdict: Verdict): void {
  const found = destination.get(path);
  if (found === undefined) {
    // A path that went from the source may have gone from the destination, by a rename or a delete.
    if (history.present.has(path)) verdict.falselyDelivered.push(`${shown(path)}: has a receipt and is not there`);
    return;
  }
  if (claim.algorithm === "sha256" && claim.hex !== found.content) {
    verdict.falselyDelivered.push(`${shown(path)}: the receipt says ${String(claim.hex)}, the destination holds ${found.content}`);
  }
}

function judgeCounts(flow: FlowStatus, verdict: Verdict): void {
  const { seen, ...terms } = flow.counts;
  const sum = Object.values(terms).reduce((total, term) => total + term, 0);
  if (seen !== sum) verdict.conservation.push(`${flow.name}: seen ${seen}, but the terms make ${sum}: ${JSON.stringify(terms)}`);
}

function shown(path: string): string {
  return JSON.stringify(path);
}
