import { join } from "node:path";
import { z } from "zod";
import type { Json } from "../config/difference.ts";
import type { BusState, QueuedDeadLetter, QueueFacts } from "../flow/bus.ts";
import type { TableCounts } from "../flow/table/counts.ts";
import { type Bytes, isRelPath } from "../kernel/path.ts";
import type { BrokerUse } from "./broker-uses.ts";

/**
 * The control socket: a UNIX socket in the state directory. One JSON object a line each way, answers
 * in the order of the requests. Paths are byte strings (`kernel/path.ts`), which JSON carries as they are.
 */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;
export const POST_PATHS_MAX = 512;
export const QUEUE_DEAD_MAX = 1000;

/** Clean as the commands make them: what leads out of a source by `..`, or is no byte string, would be delivered elsewhere or as another file. */
function isCleanPath(path: string): boolean {
  return path === "/" || (/^\/[\0-\xff]+$/s.test(path) && isRelPath(path.slice(1) as Bytes));
}

const postedPath = z
  .string()
  .refine(isCleanPath, "expected an absolute path without '.', '..', doubled slashes and NUL, a byte a character");

export const Request = z.discriminatedUnion("ask", [
  z.strictObject({ ask: z.literal("status") }),
  /** Absolute paths of files and trees. `flow: null`: the flow whose source holds the path. */
  z.strictObject({ ask: z.literal("post"), flow: z.string().nullable(), paths: z.array(postedPath).max(POST_PATHS_MAX) }),
  z.strictObject({ ask: z.literal("retry"), ids: z.array(z.number().int()).max(100_000) }),
  /** The oldest dead letters in the queue of a flow that takes messages, of whichever host. They stay where they are. */
  z.strictObject({ ask: z.literal("queue-dead"), flow: z.string(), limit: z.number().int().min(1).max(QUEUE_DEAD_MAX) }),
  /** Gives dead letters of the queue back to it, by the paths that their messages name; null: all. */
  z.strictObject({ ask: z.literal("queue-revive"), flow: z.string(), paths: z.array(z.string().max(8192)).max(10_000).nullable() }),
  /** Sends nothing until `resume`, also over restarts; what comes meanwhile is recorded. */
  z.strictObject({ ask: z.literal("pause"), flow: z.string() }),
  /** Ends a pause, or a halt: a person has looked. */
  z.strictObject({ ask: z.literal("resume"), flow: z.string() }),
  /** Runs a flow that was stopped, with its configuration as it is now. */
  z.strictObject({ ask: z.literal("start"), flow: z.string() }),
  /** Ends a flow until `start`, also over restarts: nothing is watched, nothing is sent. */
  z.strictObject({ ask: z.literal("stop"), flow: z.string() }),
  /** Stops and starts one flow, with its configuration as it is now; others are not touched. */
  z.strictObject({ ask: z.literal("restart"), flow: z.string() }),
  /** Takes the configuration as it is now; flows that are the same in it are not touched. Refused as a whole where it is faulty. */
  z.strictObject({ ask: z.literal("reload") }),
  /** What is in force. */
  z.strictObject({ ask: z.literal("settings") }),
]);
export type Request = z.infer<typeof Request>;

export type Answer<T> = { ok: true; result: T } | { ok: false; code: string; message: string };

export function controlSocket(stateDirectory: string): string {
  return join(stateDirectory, "control.sock");
}

/** What only the running daemon knows of a flow. */
export type LiveFlow = {
  name: string;
  state: "running" | "paused" | "waiting" | "halted" | "stopped";
  reason: string | null;
  lanes: { open: number; max: number };
  filesPerS: number;
  bytesPerS: number;
  /** `events`, or why the source is only scanned; null for a flow without a watch, or before it is known. */
  watching: { kind: "events"; directories: number } | { kind: "scan-only"; reason: string } | null;
  /** How bytes are read back: by a remote tool, over SFTP, locally; null before it is known. */
  readBack: "remote tool" | "sftp" | "local" | null;
  /** The largest transfers under way. */
  active: Array<{ transfer: number; path: string; kind: string; sizeBytes: number; sentBytes: number; startedAtMs: number }>;
  activeCount: number;
  /** How it stands with the brokers that it speaks to; those that are not open now, as in a pause, are left out. */
  broker: LiveBroker[];
  /** The table that it follows; null: none. */
  table: LiveTable | null;
  /** What a person should know though nothing waits. */
  notice: string | null;
};

/** `reason`: why it cannot be used now; null: it can. `readAtMs`: all that was registered by then is followed; null: nobody knows yet. */
export type LiveTable = { reason: string | null; readAtMs: number | null; counts: TableCounts };

/** One use of a broker. `counts`: messages since it was opened, by what became of them. */
export type LiveBroker = {
  role: BrokerUse["role"];
  state: BusState["state"];
  reason: string | null;
  queue: QueueFacts | null;
  counts: Record<string, number>;
};

/** `page`: the address of the web page, null where none is served. */
export type LiveStatus = { pid: number; sinceMs: number; flows: LiveFlow[]; residentBytes: number; page: string | null };
/** `known`: nothing new, since it is delivered in this very version, under way, or ignored already; `ignored`: not to be sent, by the flow's rules. */
export type PostAnswer = {
  queued: number;
  settling: number;
  known: number;
  ignored: number;
  revived: number;
  missing: string[];
  outside: string[];
};
/** What a reload did, by the names of flows. */
export type ReloadAnswer = { started: string[]; restarted: string[]; ended: string[]; unchanged: string[] };
/** The settings in force, in the form of `config/difference.ts`; `file`: the configuration that they came from. */
export type SettingsAnswer = { file: string; flows: Record<string, Json> };
/** `queue` null: the flow takes no messages now. `dead`: how many there are in all, as last counted. */
export type QueueDeadAnswer = { queue: string | null; dead: number | null; letters: QueuedDeadLetter[] };
/** `rerun`: delivered files that are handed to the ingest command again. */
export type RetryAnswer = { revived: number; rerun: number };
