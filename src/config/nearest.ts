/** Longer words are no typing errors of a key, and would only cost time. */
const WORD_CHARACTERS_MAX = 64;

/** The candidate that a person most likely meant: at most a third of its letters differ; null where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > WORD_CHARACTERS_MAX) return null;
  let found: string | null = null;
  let least = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(fold(word), fold(candidate));
    if (distance < least && distance < word.length && distance <= Math.max(1, Math.floor(candidate.length / 3))) {
      found = candidate;
      least = distance;
    }
  }
  return found;
}

/** `keepFree`, `keep-free` and `keep_free` are the same to a person. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** How many letters to insert, remove, replace, or swap with their neighbour (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, above[column]! + 1, current[column - 1]! + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}
