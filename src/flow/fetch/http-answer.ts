import type { IncomingMessage } from "node:http";
import { HotdirError, type ErrorFacts } from "../../kernel/errors.ts";
import type { Version } from "../version.ts";
import { originVersion } from "./origin-version.ts";

/** What the head of an answer tells of a file. `offset`: where its body begins. */
export type Head = { sizeBytes: number | null; mtimeNs: bigint | null; version: Version; validator: Validator | null; offset: number };

/** What a range can be asked for with, so that no two versions are ever mixed. */
export type Validator = { kind: "tag"; tag: string } | { kind: "date"; date: string };

/** A date says nothing of a file that changed twice within its second; older ones are past that. */
const DATE_CERTAIN_MS = 60_000;

/** Throws what any answer but a good one means. */
export function headOf(answer: IncomingMessage, facts: ErrorFacts, asked: { offset: number }): Head {
  const status = answer.statusCode ?? 0;
  if (status !== 200 && status !== 206) throw refusalOf(answer, facts);
  const encoding = answer.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    throw new HotdirError("origin-differs", { ...facts, detail: `it was sent as ${encoding.slice(0, 40)}, which was not asked for` });
  const length = lengthOf(answer.headers["content-length"]);
  const range = status === 206 ? rangeOf(answer.headers["content-range"]) : null;
  if (status === 206 && (range === null || range.start !== asked.offset || range.end !== range.total - 1))
    throw new HotdirError("origin-differs", { ...facts, detail: "another range was sent than was asked for" });
  const sizeBytes = range?.total ?? length;
  const modified = answer.headers["last-modified"];
  const mtimeNs = modified === undefined ? null : timeOf(modified);
  const tag = strongTag(answer.headers.etag);
  const by = tag ?? "";
  return {
    sizeBytes,
    mtimeNs,
    version: originVersion("http", { by, sizeBytes, mtimeNs }),
    validator: validatorOf(tag, modified, mtimeNs, answer.headers.date),
    offset: range?.start ?? 0,
  };
}

/** null: this origin tells nothing by which a later request could be held to this version. */
function validatorOf(tag: string | null, modified: string | undefined, mtimeNs: bigint | null, date: string | undefined): Validator | null {
  if (tag !== null) return { kind: "tag", tag };
  if (modified === undefined || mtimeNs === null || date === undefined) return null;
  const ageMs = Date.parse(date) - Number(mtimeNs / 1_000_000n);
  return ageMs >= DATE_CERTAIN_MS ? { kind: "date", date: modified } : null;
}

function strongTag(tag: string | undefined): string | null {
  return tag !== undefined && /^"[\x21\x23-\x7e]{0,256}"$/.test(tag) ? tag : null;
}

function lengthOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function rangeOf(text: string | undefined): { start: number; end: number; total: number } | null {
  const [, start, end, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text ?? "") ?? [];
  return start === undefined ? null : { start: Number(start), end: Number(end), total: Number(total) };
}

function timeOf(text: string): bigint | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms <= 0 ? null : BigInt(ms) * 1_000_000n;
}

/** A server that is overloaded or being started says so; what it says of one file is about that file. */
export function refusalOf(answer: IncomingMessage, facts: ErrorFacts): HotdirError {
  const status = answer.statusCode ?? 0;
  const detail = `HTTP ${status} ${(answer.statusMessage ?? "").slice(0, 80)}`.trimEnd();
  switch (status) {
    case 404:
    case 410:
      return new HotdirError("source-gone", { ...facts, detail });
    case 412:
    case 416:
      return new HotdirError("source-changed", { ...facts, detail });
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return new HotdirError("origin-unreachable", { ...facts, detail });
    default:
      return new HotdirError("source-unreadable", { ...facts, detail });
  }
}
