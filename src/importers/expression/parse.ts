import { readClass, readEscape, writeLetter } from "./characters.ts";
import { Foreign, Wrong } from "./failure.ts";
import { ahead, anything, choice, empty, hasPlaces, repeat, sequence, type Tree } from "./tree.ts";

/** `wrong`: no expression to Python either. `foreign`: a construct that cannot be carried over. */
export type ParsedExpression = { kind: "tree"; tree: Tree } | { kind: "wrong"; message: string } | { kind: "foreign"; message: string };

/** In Python's syntax (`re`). Never throws. */
export function parseExpression(text: string): ParsedExpression {
  const flags = /^\(\?([aiLmsux]+)\)/.exec(text);
  const strange = flags?.[1]?.replaceAll(/[aiu]/g, "") ?? "";
  if (strange !== "") return { kind: "foreign", message: `the flag ${strange[0]!}` };
  const parser = new Parser(text, flags?.[0].length ?? 0, flags?.[1]?.includes("i") ?? false);
  try {
    return { kind: "tree", tree: parser.whole() };
  } catch (error) {
    if (error instanceof Foreign) return { kind: "foreign", message: error.message };
    if (error instanceof Wrong) return { kind: "wrong", message: error.message };
    throw error;
  }
}

const DEPTH_MAX = 50;
const REPEAT_MAX = 1000;

class Parser {
  readonly #text: string;
  #at: number;
  #depth = 0;
  readonly #ignoresCase: boolean;

  constructor(text: string, at: number, ignoresCase: boolean) {
    this.#text = text;
    this.#at = at;
    this.#ignoresCase = ignoresCase;
  }

  whole(): Tree {
    const tree = this.#choice();
    if (this.#at < this.#text.length) throw new Wrong("unbalanced parenthesis");
    return tree;
  }

  #choice(): Tree {
    if (++this.#depth > DEPTH_MAX) throw new Foreign("so many groups in one another");
    const options = [this.#sequence()];
    while (this.#takes("|")) options.push(this.#sequence());
    this.#depth--;
    return choice(...options);
  }

  #sequence(): Tree {
    const items: Tree[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")")
      items.push(this.#repeated(this.#atom()));
    return sequence(...items);
  }

  #repeated(of: Tree): Tree {
    const times = this.#times();
    if (times === null) return of;
    if (hasPlaces(of)) throw new Foreign("a repeated place");
    if (this.#takes("+")) throw new Foreign("a possessive repetition");
    // How much it would rather take does not change whether it matches.
    this.#takes("?");
    if (/[*+?]/.test(this.#text[this.#at] ?? "")) throw new Wrong("multiple repeat");
    return repeat(of, times.min, times.max);
  }

  #times(): { min: number; max: number | null } | null {
    if (this.#takes("*")) return { min: 0, max: null };
    if (this.#takes("+")) return { min: 1, max: null };
    if (this.#takes("?")) return { min: 0, max: 1 };
    const braces = /^\{(?:(\d+)|(\d*),(\d*))\}/.exec(this.#text.slice(this.#at));
    // Other braces are letters to Python.
    if (braces === null || braces[0] === "{,}") return null;
    this.#at += braces[0].length;
    const [, exact, from, to] = braces;
    const min = Number(exact ?? (from || 0));
    const max = exact !== undefined ? min : to === "" || to === undefined ? null : Number(to);
    if (max !== null && max < min) throw new Wrong("min repeat greater than max repeat");
    if (min > REPEAT_MAX || (max ?? 0) > REPEAT_MAX) throw new Foreign("so many repetitions");
    return { min, max };
  }

  #atom(): Tree {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += character.length;
    switch (character) {
      case "(":
        return this.#group();
      case "[": {
        const { text, end } = readClass(this.#text, this.#at);
        this.#at = end;
        return { kind: "one", text: this.#ignoresCase ? `(?i:${text})` : text };
      }
      case ".":
        return { kind: "one", text: "." };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "*":
      case "+":
      case "?":
        throw new Wrong("nothing to repeat");
      case "\\":
        return this.#escape();
      default:
        return { kind: "one", text: this.#letter(character) };
    }
  }

  #letter(character: string): string {
    const [small, large] = [character.toLowerCase(), character.toUpperCase()];
    return this.#ignoresCase && small !== large ? `[${small}${large}]` : writeLetter(character, "outside");
  }

  #escape(): Tree {
    if (this.#takes("A")) return { kind: "start" };
    if (this.#takes("Z")) return { kind: "end" };
    const { text, end } = readEscape(this.#text, this.#at, "outside");
    this.#at = end;
    return { kind: "one", text };
  }

  #group(): Tree {
    if (!this.#takes("?")) return this.#closed(this.#choice());
    if (this.#takes("#")) {
      const end = this.#text.indexOf(")", this.#at);
      if (end < 0) throw new Wrong("missing ), unterminated comment");
      this.#at = end + 1;
      return empty;
    }
    if (this.#takes("=")) return ahead(sequence(this.#closed(this.#choice()), anything), false);
    if (this.#takes("!")) return ahead(sequence(this.#closed(this.#choice()), anything), true);
    const named = /^(?::|P<[A-Za-z_]\w*>)/.exec(this.#text.slice(this.#at));
    if (named === null) throw new Foreign(`the group (?${this.#text.slice(this.#at, this.#at + 2)}`);
    this.#at += named[0].length;
    return this.#closed(this.#choice());
  }

  #closed(tree: Tree): Tree {
    if (!this.#takes(")")) throw new Wrong("missing ), unterminated subpattern");
    return tree;
  }

  #takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
