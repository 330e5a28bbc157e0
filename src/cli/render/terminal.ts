import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** How a text is to look: colours only on a terminal that wants them (NO_COLOR, TERM=dumb). */
export type Look = { paint: Paint; columns: number };

export const plain: Look = { paint: (_style, text) => text, columns: 100 };

export function lookOf(stream: NodeJS.WriteStream, env: Record<string, string | undefined>): Look {
  const coloured = stream.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return {
    paint: coloured ? (style, text) => styleText(style, text, { validateStream: false }) : plain.paint,
    columns: stream.columns || plain.columns,
  };
}

// Unicode 15, East Asian Width W and F, in ranges wide enough to be short.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replaceAll(/\x1b\[[0-9;]*m/g, "")) width += none.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - widthOf(text))) + text;
}

/** Cut in the middle, since the beginning and the end of a path tell most. For texts without colours. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const characters = Array.from(text);
  const half = Math.max(1, Math.floor((columns - 1) / 2));
  return `${takeColumns(characters, half).join("")}…${takeColumns(characters.toReversed(), Math.max(0, columns - 1 - half))
    .toReversed()
    .join("")}`;
}

function takeColumns(characters: string[], columns: number): string[] {
  let width = 0;
  return characters.slice(
    0,
    characters.findIndex((character) => (width += widthOf(character)) > columns),
  );
}

/** Columns as wide as their widest cell. `right`: the numbers of the columns that end on one line. */
export function table(rows: string[][], right: ReadonlySet<number> = new Set()): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))));
  return rows.map((row) =>
    row
      .map((cell, column) => (right.has(column) ? padStart(cell, widths[column]!) : padEnd(cell, widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** `[████████░░░░]` */
export function progressBar(part: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * columns);
  return `${"█".repeat(full)}${"░".repeat(columns - full)}`;
}
