import type { At } from "../remark.ts";
import { afterPrefix, trimmed } from "../expression/derive.ts";
import { parseExpression } from "../expression/parse.ts";
import { ahead, choice, empty, sequence, type Tree } from "../expression/tree.ts";
import { writeExpressions } from "../expression/write.ts";

/** An accept or reject line; the first that matches `baseUrl/relPath` from its start decides. */
export type Mask = { accepts: boolean; pattern: string; at: At | null };

/** An expression on paths below the source, and the lines that it comes from. */
export type Term = { tree: Tree; from: At[] };

/** What is sent: what one of `accept` matches (null: all), without what one of `reject` matches. */
export type Selection = { accept: Term[] | null; reject: Term[] };

export type MaskFault = { at: At | null; message: string };
export type Masked = { selection: Selection; faults: MaskFault[]; notes: MaskFault[] };

export const everything: Selection = { accept: null, reject: [] };

/** @param prefix what every address begins with, before the path below the source. */
export function selectBy(masks: readonly Mask[], unmatchedAccepted: boolean, prefix: string): Masked {
  const faults: MaskFault[] = [];
  const notes: MaskFault[] = [];
  const rules: Rule[] = [];
  let unmatched = unmatchedAccepted;
  for (const [index, mask] of masks.entries()) {
    const below = relative(mask.pattern, prefix);
    const name = mask.accepts ? "accept" : "reject";
    if (below.kind === "foreign")
      faults.push({ at: mask.at, message: `${name} ${mask.pattern}: hotdir cannot carry over ${below.message}` });
    else if (below.tree.kind === "never")
      notes.push({
        at: mask.at,
        message: `${name} ${mask.pattern}: matches nothing below ${prefix}: sr3 matches from the very start of that`,
      });
    else if (below.tree.kind === "empty") {
      // It decides for all that is left.
      unmatched = mask.accepts;
      const dead = masks.slice(index + 1);
      for (const later of dead)
        notes.push({
          at: later.at,
          message: `${later.accepts ? "accept" : "reject"} ${later.pattern}: never asked, since ${name} ${mask.pattern} above it matches everything`,
        });
      break;
    } else rules.push({ accepts: mask.accepts, tree: below.tree, from: mask.at === null ? [] : [mask.at] });
  }
  if (unmatched) {
    for (const idle of rules.filter((rule, at) => rule.accepts && !rules.slice(at).some((later) => !later.accepts)))
      notes.push({
        at: idle.from[0] ?? null,
        message: "accept: it makes no difference, since what no line matches is accepted as well (acceptUnmatched is on)",
      });
  }
  return { selection: unmatched ? acceptingRest(rules) : rejectingRest(rules), faults, notes };
}

type Rule = Term & { accepts: boolean };

function relative(pattern: string, prefix: string): { kind: "tree"; tree: Tree } | { kind: "foreign"; message: string } {
  const parsed = parseExpression(pattern);
  // What is wrong was told where it was read.
  if (parsed.kind !== "tree") return { kind: "foreign", message: parsed.message };
  const rest = afterPrefix(parsed.tree, prefix);
  return rest === null ? { kind: "foreign", message: "an expression of so many ways" } : { kind: "tree", tree: trimmed(rest) };
}

/** Rejects what the rejecting rules match, unless an accepting one stands above. */
function acceptingRest(rules: readonly Rule[]): Selection {
  return { accept: null, reject: guarded(rules, false) };
}

/** Accepts what the accepting rules match, unless a rejecting one stands above; those above all of them need no such guard. */
function rejectingRest(rules: readonly Rule[]): Selection {
  const first = rules.findIndex((rule) => rule.accepts);
  const leading = first < 0 ? rules : rules.slice(0, first);
  return { accept: guarded(rules.slice(leading.length), true), reject: leading.map(({ tree, from }) => ({ tree, from })) };
}

function guarded(rules: readonly Rule[], accepting: boolean): Term[] {
  return rules.flatMap((rule, at) => {
    if (rule.accepts !== accepting) return [];
    const above = rules.slice(0, at).filter((one) => one.accepts !== accepting);
    const guard = above.length === 0 ? empty : ahead(choice(...above.map(({ tree }) => tree)), true);
    return [{ tree: sequence(guard, rule.tree), from: [...rule.from, ...above.flatMap(({ from }) => from)] }];
  });
}

/** What both let through. */
export function both(first: Selection, second: Selection): Selection {
  const reject = [...first.reject, ...second.reject];
  if (first.accept === null || second.accept === null) return { accept: first.accept ?? second.accept, reject };
  const one = first.accept;
  const guard = ahead(choice(...one.map(({ tree }) => tree)), false);
  const from = one.flatMap((term) => term.from);
  return { accept: second.accept.map((term) => ({ tree: sequence(guard, term.tree), from: [...term.from, ...from] })), reject };
}

/** As they stand in a configuration: each once, with all the lines that ask for it. */
export function writeTerms(terms: readonly Term[]): Array<{ expression: string; from: At[] }> {
  const written = new Map<string, At[]>();
  for (const { tree, from } of terms)
    for (const expression of writeExpressions(tree)) {
      const known = written.get(expression) ?? [];
      written.set(expression, [...known, ...from.filter((at) => !known.some((one) => one.file === at.file && one.line === at.line))]);
    }
  return [...written].map(([expression, from]) => ({ expression, from }));
}
