import { z } from "zod";
import { isRelPath, type Bytes, bytesOfText, type RelPath } from "../kernel/path.ts";
import { spans, type Span } from "./answers/throughput.ts";
import { Refusal } from "./refusal.ts";

/** What may be asked, by address and by body. Strict: an unknown name is refused, not overlooked. */
const flow = z.string().min(1).max(64);
const id = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

const pathText = z.string().min(1).max(4096);
const pathBytes = z
  .string()
  .regex(/^(?:[0-9a-f]{2})+$/)
  .max(2 * 4096);

export const asking = {
  nothing: z.strictObject({}),
  throughput: z.strictObject({ flow, span: z.enum(Object.keys(spans) as [Span, ...Span[]]).default("15m") }),
  dead: z.strictObject({ before: id.optional() }),
  search: z.strictObject({ q: z.string().min(1).max(4096) }),
  /** `path_bytes` (hexadecimal) for names that are no text. */
  explain: z.union([z.strictObject({ flow, path: pathText }), z.strictObject({ flow, path_bytes: pathBytes, path: pathText.optional() })]),
  tally: z.strictObject({ flow: flow.optional(), days: z.coerce.number().int().min(1).max(366).default(14) }),
  login: z.strictObject({ token: z.string().min(1).max(512) }),
  retry: z.union([
    z.strictObject({ ids: z.array(z.number().int().positive()).min(1).max(5000) }),
    z.strictObject({ flow, all: z.literal(true) }),
  ]),
  flow: z.strictObject({ flow }),
};

export function understand<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(
    "bad-request",
    parsed.error.issues.map((issue) => [issue.path.join("."), issue.message].filter(Boolean).join(": ")).join("; "),
  );
}

/** Throws `bad-request` for a path that leads out of a source. */
export function pathAsked(asked: z.output<typeof asking.explain>): RelPath {
  const path = "path_bytes" in asked ? (Buffer.from(asked.path_bytes, "hex").toString("latin1") as Bytes) : bytesOfText(asked.path);
  if (!isRelPath(path)) throw new Refusal("bad-request", "path: relative to the flow's source, without . and ..");
  return path;
}
