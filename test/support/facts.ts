import { z } from "zod";

/** The facts that the command line prints with `--json`, as far as the tests rest on them. Fields may be added, not renamed. */
const counts = z.object({
  seen: z.number(),
  settling: z.number(),
  queued: z.number(),
  sending: z.number(),
  delivered: z.number(),
  superseded: z.number(),
  ignored: z.number(),
  dead: z.number(),
});
export type Counts = z.infer<typeof counts>;

const flow = z.object({
  name: z.string(),
  state: z.enum(["running", "paused", "waiting", "halted", "stopped"]),
  reason: z.string().nullable(),
  guarantee: z.string(),
  counts,
  freshness_s: z.number().nullable(),
});
export type FlowStatus = z.infer<typeof flow>;

const status = z.object({
  daemon: z.object({ running: z.boolean(), pid: z.number().nullable().optional() }),
  flows: z.array(flow),
});
export type Status = z.infer<typeof status>;

/** `path` is what people read; where that is not the name itself, `path_bytes` holds its bytes. */
const path = { path: z.string(), path_bytes: z.string().optional() };
const receipt = z.object({
  ...path,
  kind: z.string().optional(),
  basis: z.string().optional(),
  algorithm: z.string().nullable(),
  digest: z.string().nullable(),
  size: z.number().nullable(),
});
const letter = z.object({ ...path, code: z.string().optional(), reason: z.string() });

/** With the path as a byte string. */
export type Claim = { path: string; kind: string; algorithm: string | null; hex: string | null };
export type Letter = { path: string; code: string; reason: string };

export function parseStatus(text: string): Status {
  return status.parse(JSON.parse(text));
}

export function parseReceipts(text: string): Claim[] {
  return records(text, "receipts").map((record) => {
    const parsed = receipt.parse(record);
    return {
      path: bytes(parsed),
      kind: parsed.kind ?? "put",
      algorithm: parsed.algorithm,
      hex: parsed.digest,
    };
  });
}

export function parseDead(text: string): Letter[] {
  return records(text, "dead").map((record) => {
    const parsed = letter.parse(record);
    return { path: bytes(parsed), code: parsed.code ?? "", reason: parsed.reason };
  });
}

function bytes(record: { path: string; path_bytes?: string | undefined }): string {
  return record.path_bytes === undefined
    ? Buffer.from(record.path, "utf8").toString("latin1")
    : Buffer.from(record.path_bytes, "hex").toString("latin1");
}

/** An array, an object that holds one under `key`, or one object per line. */
function records(text: string, key: string): unknown[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  if (trimmed.startsWith("[")) return z.array(z.unknown()).parse(JSON.parse(trimmed));
  const lines = trimmed.split("\n");
  if (lines.length === 1 || lines[0] === "{") {
    const whole: unknown = JSON.parse(trimmed);
    const held = z.object({ [key]: z.array(z.unknown()) }).safeParse(whole);
    return held.success ? (held.data[key] ?? []) : [whole];
  }
  return lines.map((line): unknown => JSON.parse(line));
}
