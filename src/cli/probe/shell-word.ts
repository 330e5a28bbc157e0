import { type Bytes, bytesOfText, show } from "../../kernel/path.ts";

/** A path as a shell takes it, for commands that people copy: plain where that is safe, else quoted, byte by byte where it is no text. */
export function shellWord(path: Bytes): string {
  if (/^[\w/.,:=@%+-][\w/.,:=@%+~-]*$/.test(path)) return path;
  const shown = show(path);
  // What `show` had to write otherwise (it doubles each backslash too) needs the quotes that know escapes.
  if (!shown.includes("\\")) return `'${shown.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${shown.replaceAll("'", String.raw`\'`)}'`;
}

export function shellText(text: string): string {
  return shellWord(bytesOfText(text));
}
