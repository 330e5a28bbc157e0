import { Foreign, Wrong } from "./failure.ts";

type Read = { text: string; end: number };

/** To Python letters of all scripts are letters; to JavaScript only with these. */
const wordMembers = String.raw`\p{L}\p{N}_`;

const controls: Readonly<Record<string, string>> = { n: "\\n", t: "\\t", r: "\\r", f: "\\f", v: "\\v", a: "\\x07" };

/** What stands for itself outside of a class, and in one. */
const special = { outside: /[\^$\\.*+?()[\]{}|]/, inside: /[\^\\\]\-[]/ } as const;

/** A letter that stands for itself, as JavaScript writes it. */
export function writeLetter(character: string, where: keyof typeof special): string {
  return special[where].test(character) ? `\\${character}` : character;
}

/** What follows a backslash, at `at`. */
export function readEscape(text: string, at: number, where: "outside" | "inside"): Read {
  const character = text[at];
  if (character === undefined) throw new Wrong("bad escape at the end");
  const end = at + 1;
  if (character === "w") return { text: where === "outside" ? `[${wordMembers}]` : wordMembers, end };
  if (character === "W") {
    if (where === "inside") throw new Foreign("\\W in a class");
    return { text: `[^${wordMembers}]`, end };
  }
  if (/[dDsS]/.test(character)) return { text: `\\${character}`, end };
  const control = controls[character];
  if (control !== undefined) return { text: control, end };
  const hexadecimal = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/.exec(text.slice(at));
  if (hexadecimal !== null) {
    const code = Number.parseInt(hexadecimal[1] ?? hexadecimal[2]!, 16);
    return { text: writeLetter(String.fromCodePoint(code), where), end: at + hexadecimal[0].length };
  }
  if (character === "b" || character === "B") throw new Foreign("a word's border (\\b)");
  if (/[1-9]/.test(character)) throw new Foreign("a back reference");
  if (/[A-Za-z0-9]/.test(character)) throw new Wrong(`bad escape \\${character}`);
  return { text: writeLetter(character, where), end };
}

/** What follows `[`, to its `]`. */
export function readClass(text: string, from: number): Read {
  let at = from;
  let members = "";
  if (text[at] === "^") {
    members = "^";
    at++;
  }
  const first = at;
  for (;;) {
    const character = text[at];
    if (character === undefined) throw new Wrong("unterminated character set");
    // At the front it stands for itself.
    if (character === "]" && at > first) break;
    if (character === "\\") {
      const escaped = readEscape(text, at + 1, "inside");
      members += escaped.text;
      at = escaped.end;
      continue;
    }
    const isRange = character === "-" && at > first && text[at + 1] !== "]";
    const letter = String.fromCodePoint(text.codePointAt(at)!);
    members += isRange ? "-" : writeLetter(letter, "inside");
    at += letter.length;
  }
  const written = `[${members}]`;
  if (!compiles(written)) throw new Wrong("bad character range");
  return { text: written, end: at + 1 };
}

function compiles(written: string): boolean {
  try {
    return new RegExp(written, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
