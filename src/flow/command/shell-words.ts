/** A quotation or a backslash that has no end. `at`: where it begins. */
export type Unbalanced = { kind: "unbalanced"; character: string; at: number };

/** Takes a line apart as a POSIX shell does, and Python's shlex: blanks, single and double quotes, backslashes. Nothing is expanded. */
export function splitWords(line: string): { kind: "words"; words: string[] } | Unbalanced {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (/[ \t\r\n]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    word ??= "";
    if (character === "'" || character === '"') {
      const end = endOfQuotation(line, at);
      if (end === null) return { kind: "unbalanced", character, at };
      const inside = line.slice(at + 1, end);
      word += character === "'" ? inside : inside.replaceAll(/\\(["\\])/g, "$1");
      at = end;
    } else if (character === "\\") {
      if (at + 1 >= line.length) return { kind: "unbalanced", character, at };
      word += line[++at]!;
    } else word += character;
  }
  if (word !== null) words.push(word);
  return { kind: "words", words };
}

/** Where the quotation that begins at `from` ends; null: nowhere. */
function endOfQuotation(line: string, from: number): number | null {
  const quote = line[from]!;
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === quote) return at;
    if (quote === '"' && line[at] === "\\") at++;
  }
  return null;
}

export type Quoting = "none" | "single" | "double";

/** How a shell that reads this word would have quoted what stands at `at` in it. */
export function quotingAt(word: string, at: number): Quoting {
  let quoting: Quoting = "none";
  for (let place = 0; place < at; place++) {
    const character = word[place]!;
    if (quoting === "single") quoting = character === "'" ? "none" : "single";
    else if (character === "\\") place++;
    else if (character === '"') quoting = quoting === "double" ? "none" : "double";
    else if (character === "'" && quoting === "none") quoting = "single";
  }
  return quoting;
}
