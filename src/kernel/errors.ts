import { type ErrorCode, errorCodes, type Scope } from "./error-codes.ts";
import { type Bytes, show } from "./path.ts";
import { othersWords } from "./others-words.ts";

export type ErrorFacts = {
  /** What was being done, as a verb: `write`, `publish`, `connect`. */
  operation: string;
  path?: Bytes;
  host?: string;
  /** What exactly happened, for a person: a status message, an errno, the last line of ssh's stderr. */
  detail?: string;
  cause?: unknown;
};

/** The one class of expected failures. `code` decides scope and retry (`error-codes.ts`). */
export class HotdirError extends Error {
  override readonly name = "HotdirError";
  readonly code: ErrorCode;
  readonly operation: string;
  readonly path: Bytes | undefined;
  readonly host: string | undefined;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    // What others said may hold what opens doors, or what a terminal obeys: it ends here, and not in a terminal or a log.
    const detail = facts.detail === undefined ? undefined : othersWords(facts.detail);
    super(
      sentence(code, { ...facts, ...(detail === undefined ? {} : { detail }) }),
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.code = code;
    this.operation = facts.operation;
    this.path = facts.path;
    this.host = facts.host;
    this.detail = detail;
  }

  get scope(): Scope {
    return errorCodes[this.code].scope;
  }
}

/** `write hub:in/a.nc: the connection was lost (ssh exit 255: Broken pipe)` */
function sentence(code: ErrorCode, facts: ErrorFacts): string {
  const where = [facts.host, facts.path === undefined ? undefined : show(facts.path)].filter((part) => part !== undefined).join(":");
  return `${facts.operation}${where === "" ? "" : ` ${where}`}: ${errorCodes[code].says}${facts.detail === undefined ? "" : ` (${facts.detail})`}`;
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): error is HotdirError {
  return error instanceof HotdirError && codes.includes(error.code);
}

/** Programmer errors: the program stops rather than goes on with a wrong belief. */
export function assert(condition: unknown, belief: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${belief}`);
}

/** In the default branch of an exhaustive switch. */
export function never(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`);
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
