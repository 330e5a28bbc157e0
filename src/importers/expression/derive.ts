import { ahead, anything, choice, empty, hasPlaces, never, repeat, sequence, type Tree } from "./tree.ts";

/** A larger one has no short form below this prefix. */
const SIZE_MAX = 2000;

/** What is left of an expression that is matched from the start, once `prefix` was read. null: it has no short form. */
export function afterPrefix(tree: Tree, prefix: string): Tree | null {
  const meets = matcher();
  // It need not reach the end, nor that of the prefix.
  let rest = sequence(tree, anything);
  let first = true;
  for (const character of prefix) {
    rest = derive(rest, { character, first, meets });
    if (sizeOf(rest) > SIZE_MAX) return null;
    first = false;
  }
  return first ? rest : withoutStart(rest);
}

function sizeOf(tree: Tree): number {
  const sum = (trees: readonly Tree[]): number => trees.reduce((size, one) => size + sizeOf(one), 1);
  if (tree.kind === "sequence") return sum(tree.items);
  if (tree.kind === "choice") return sum(tree.options);
  return tree.kind === "repeat" || tree.kind === "ahead" ? 1 + sizeOf(tree.of) : 1;
}

type Step = { character: string; first: boolean; meets: (one: string, character: string) => boolean };

function derive(tree: Tree, step: Step): Tree {
  switch (tree.kind) {
    case "one":
      return step.meets(tree.text, step.character) ? empty : never;
    case "choice":
      return choice(...tree.options.map((option) => derive(option, step)));
    case "repeat": {
      const min = Math.max(0, isNullable(tree.of, step.first) ? 0 : tree.min - 1);
      return sequence(derive(tree.of, step), repeat(tree.of, min, tree.max === null ? null : tree.max - 1));
    }
    case "sequence":
      return deriveSequence(tree.items, step);
    default:
      // A place takes no character.
      return never;
  }
}

function deriveSequence(items: readonly Tree[], step: Step): Tree {
  const [head, ...rest] = items;
  if (head === undefined) return never;
  if (head.kind === "ahead") {
    if (isNullable(head.of, step.first)) return head.negative ? never : deriveSequence(rest, step);
    return sequence(ahead(derive(head.of, step), head.negative), deriveSequence(rest, step));
  }
  // A place in an option concerns what follows the choice.
  if (head.kind === "choice" && hasPlaces(head))
    return choice(
      ...head.options.map((option) => deriveSequence(option.kind === "sequence" ? [...option.items, ...rest] : [option, ...rest], step)),
    );
  const through = sequence(derive(head, step), ...rest);
  return isNullable(head, step.first) ? choice(through, deriveSequence(rest, step)) : through;
}

/** Whether it may match nothing before a character, at the start of all (`first`) or later. */
function isNullable(tree: Tree, first: boolean): boolean {
  switch (tree.kind) {
    case "empty":
      return true;
    case "start":
      return first;
    case "choice":
      return tree.options.some((option) => isNullable(option, first));
    case "sequence":
      return tree.items.every((item) => isNullable(item, first));
    case "repeat":
      return tree.min === 0 || isNullable(tree.of, first);
    default:
      return false;
  }
}

/** Behind the prefix nothing is the start any more. */
function withoutStart(tree: Tree): Tree {
  switch (tree.kind) {
    case "start":
      return never;
    case "choice":
      return choice(...tree.options.map(withoutStart));
    case "sequence":
      return sequence(...tree.items.map(withoutStart));
    case "ahead":
      return ahead(withoutStart(tree.of), tree.negative);
    default:
      return tree;
  }
}

function matcher(): Step["meets"] {
  const known = new Map<string, RegExp>();
  return (one, character) => {
    const expression = known.get(one) ?? new RegExp(`^${one}$`, "u");
    known.set(one, expression);
    return expression.test(character);
  };
}

/** Without what need not be there: a match from the start may end anywhere. */
export function trimmed(tree: Tree): Tree {
  if (tree.kind === "choice") {
    const options = tree.options.map(trimmed);
    return options.some((option) => option.kind === "empty") ? empty : choice(...options);
  }
  if (tree.kind === "repeat" && tree.min === 0) return empty;
  if (tree.kind === "repeat") return repeat(tree.of, tree.min, tree.min);
  if (tree.kind === "ahead") return ahead(trimmed(tree.of), tree.negative);
  if (tree.kind !== "sequence") return tree;
  const last = tree.items.at(-1)!;
  const shorter = trimmed(last);
  if (shorter.kind === "empty") return trimmed(sequence(...tree.items.slice(0, -1)));
  return sequence(...tree.items.slice(0, -1), shorter);
}
