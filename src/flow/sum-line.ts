import { type Bytes, bufferOf } from "../kernel/path.ts";

/**
 * A line as `sha256sum` prints it and `sha256sum -c` reads it: the name's own bytes. A newline or
 * backslash in it is escaped, and then a backslash stands before the digest; so is a carriage return
 * at the end, which newer readers would take for part of the line's end. A file named `-` gets its
 * directory, since the bare name is standard input.
 */
export function sumLine(row: { digest: { hex: string }; path: Bytes }): Buffer {
  const name = row.path === ("-" as Bytes) ? "./-" : row.path;
  const strange = /[\n\\]|\r$/.test(name);
  const escaped = strange ? name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replace(/\r$/, "\\r") : name;
  return bufferOf(`${strange ? "\\" : ""}${row.digest.hex}  ${escaped}\n` as Bytes);
}
