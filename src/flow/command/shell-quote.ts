import { type Bytes, bufferOf, textOf } from "../../kernel/path.ts";
import { never } from "../../kernel/errors.ts";
import type { Quoting } from "./shell-words.ts";

/** One word for a POSIX shell, whatever is in it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A path as one word for a POSIX shell. An argument of a command is text here, so that bytes which are no UTF-8 are made by the far
 * shell itself. Paths hold no NUL.
 */
export function quotePath(path: Bytes): string {
  const text = textOf(path);
  if (Buffer.from(text, "utf8").equals(bufferOf(path))) return quoteText(text);
  return (path.match(/[\x01-\x7f]+|[\x80-\xff]+/g) ?? []).map((run) => (run < "\x80" ? quoteText(run) : madeByPrintf(run))).join("");
}

/** No newline is among these, so that the substitution takes none away. */
function madeByPrintf(run: string): string {
  const octal = run.replaceAll(/./g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `"$(printf '${octal}')"`;
}

/** A text put where another shell will read it within quotes. */
export function withinQuotes(text: string, quoting: Quoting): string {
  switch (quoting) {
    case "none":
      return text;
    case "single":
      return text.replaceAll("'", String.raw`'\''`);
    case "double":
      return text.replaceAll(/[\\"$`]/g, String.raw`\$&`);
    default:
      return never(quoting);
  }
}
