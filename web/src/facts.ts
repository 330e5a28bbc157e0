/** The server's answers (docs/reference/json.md, docs/guide on the page). Served by the same program, so they are taken as they are. */
export type FlowState = "running" | "paused" | "waiting" | "halted" | "stopped";

export type Counts = {
  seen: number;
  settling: number;
  queued: number;
  sending: number;
  delivered: number;
  superseded: number;
  ignored: number;
  dead: number;
};

/** `path_bytes`: in hexadecimal, where the name is no text. */
export type PathFields = { path: string; path_bytes?: string };

export type Active = PathFields & { transfer: number; kind: string; size: number; sent: number; since: string };

export type FlowFacts = {
  name: string;
  state: FlowState;
  reason: string | null;
  guarantee: string;
  counts: Counts;
  bytes: { queued: number; delivered: number };
  freshness_s: number | null;
  lanes: { open: number; max: number };
  rate: { files_per_s: number; bytes_per_s: number };
  source: string;
  destination: string;
  active_count: number;
  active: Active[];
};

export type Status = {
  at: string;
  daemon: { running: boolean; pid: number | null; since: string | null; resident_bytes: number | null };
  flows: FlowFacts[];
};

/** Before signing in `role` is null. */
export type Nobody = { role: null; build: string };
export type Session = { role: "viewer" | "operator"; by: "socket" | "token" | "session"; build: string };

export type Span = "15m" | "1d" | "1w" | "4w";
export type Throughput = {
  flow: string;
  span: Span;
  step_s: number;
  at: number[];
  files_per_s: number[];
  bytes_per_s: number[];
};

export type Bin = { below_s?: number | null; below_bytes?: number | null; files: number; bytes: number };
export type Queue = {
  flow: string;
  waiting: number;
  oldest: Array<PathFields & { state: string; size: number; seen_at: string }>;
  counted: { at: string; took_s: number; files: number; bytes: number } | null;
  counting: number | null;
  ages: Bin[];
  sizes: Bin[];
};

export type DeadLetter = PathFields & {
  flow: string;
  kind: string;
  size: number | null;
  code: string;
  reason: string;
  attempts: number;
  seen_at: string;
  dead_at: string;
  transfer: number;
};
export type DeadLetters = { total: number; letters: DeadLetter[]; next: number | null };

export type Hit = PathFields & { flow: string; state: string | null; size: number | null; seen_at: string | null };
export type Found = { query: string; found: Hit[]; whole: boolean };

export type Day = { day: string; delivered: number; bytes: number; failed: number };

export type Transfer = PathFields & {
  transfer: number;
  kind: string;
  from: PathFields | null;
  target: PathFields | null;
  state: string;
  size: number | null;
  seen_at: string;
  ended_at: string | null;
  code: string | null;
  reason: string | null;
  attempts: number;
  tries: Array<{ attempt: number; started_at: string; ended_at: string; bytes: number; outcome: string; detail: string | null }>;
  receipt: { basis: string; algorithm: string | null; digest: string | null; durable: boolean; method: string } | null;
  retention: { state: string; due_at: string | null } | null;
};
export type Story = PathFields & {
  flow: string;
  source: { state: string; size: number | null; mtime: string | null };
  transfers: Transfer[];
  left_out: number;
  next: string;
};
