import { redact } from "../kernel/redact.ts";

/** A line of a foreign file. `file` is as it is shown: relative to the configuration's directory. */
export type At = { file: string; line: number };

/**
 * `error`: the line cannot be carried over, and what it belongs to is not imported. `assumed`: something was
 * filled in that the files do not say. `note`: known, and not carried over, or other than a reader would think.
 */
export type Remark = { kind: "error" | "assumed" | "note"; at: At | null; message: string; suggestion?: string };

/** Makes the remarks of one reader, and keeps them. */
export class Remarks {
  readonly all: Remark[] = [];

  error(at: At | null, message: string, suggestion?: string | null): void {
    this.#add({ kind: "error", at, message, ...(suggestion === undefined || suggestion === null ? {} : { suggestion }) });
  }

  assumed(at: At | null, message: string): void {
    this.#add({ kind: "assumed", at, message });
  }

  note(at: At | null, message: string, suggestion?: string | null): void {
    this.#add({ kind: "note", at, message, ...(suggestion === undefined || suggestion === null ? {} : { suggestion }) });
  }

  /** Several configurations read the same default.conf: each remark counts once. */
  add(remarks: readonly Remark[]): void {
    for (const remark of remarks) this.#add(remark);
  }

  #add(remark: Remark): void {
    const known = this.all.some(
      ({ kind, at, message }) =>
        kind === remark.kind && message === remark.message && at?.file === remark.at?.file && at?.line === remark.at?.line,
    );
    if (!known) this.all.push(remark);
  }
}

const order: Record<Remark["kind"], number> = { error: 0, assumed: 1, note: 2 };

/** Errors first, then what was assumed; by file and line, and what is of no line at the end. */
export function inOrder(remarks: readonly Remark[]): Remark[] {
  return remarks.toSorted((a, b) => order[a.kind] - order[b.kind] || compareAt(a.at, b.at));
}

function compareAt(a: At | null, b: At | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
}

export function formatAt(at: At): string {
  return `${at.file}:${at.line}`;
}

/** Without a password that a line may hold. `sender/to_hpfx.conf:7: attempts: ...; did you mean "attempts"?` */
export function formatRemark(remark: Remark): string {
  const where = remark.at === null ? "" : `${formatAt(remark.at)}: `;
  const suggestion = remark.suggestion === undefined ? "" : `; did you mean "${remark.suggestion}"?`;
  return redact(printable(`${where}${remark.kind === "assumed" ? "assumed: " : ""}${remark.message}${suggestion}`));
}

/** No value of a foreign file can move the cursor or forge a line. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, "\u00b7");
}
