import type { Backoff } from "../kernel/backoff.ts";
import type { LogLevel } from "../kernel/log.ts";
import type { AbsPath } from "../kernel/path.ts";
import type { Verify } from "./digest.ts";
import type { Hours } from "./schedule.ts";

/**
 * What a flow is asked to do, with every default filled in and every unit resolved. `config/`
 * produces it from YAML (importers from foreign files); nothing below `config/` reads YAML.
 */
export type FlowSettings = {
  name: string;
  source: SourceSettings;
  destination: DestinationSettings;
  retry: { attemptsMax: number; backoff: Backoff };
  retain: RetainSettings;
  /** How long attempts and superseded versions stay in the ledger. */
  historyMs: number;
  /** When the flow sends; empty: always. */
  schedule: Hours[];
  /** The flow is active only while this host holds the address; null: always. */
  vip: string | null;
  /** The level of its log; null: as for the whole program. */
  log: LogLevel | null;
  /** What is worth a message to people, where that is not as for the whole program. */
  alerts: Partial<AlertConditions>;
};

/** null: never. */
export type AlertConditions = {
  waitingAboveMs: number | null;
  halted: boolean;
  freshnessAboveMs: number | null;
  deadLetter: boolean;
  lowSpace: boolean;
};

export const noAlerts: AlertConditions = {
  waitingAboveMs: null,
  halted: false,
  freshnessAboveMs: null,
  deadLetter: false,
  lowSpace: false,
};

export const changeKinds = ["put", "rename", "link", "mkdir", "delete", "rmdir"] as const;
export type ChangeKind = (typeof changeKinds)[number];

export type SourceSettings = {
  /** `watched`: the directory is watched and scanned. `posted`: only what `hotdir post` names, relative to the root. */
  kind: "watched" | "posted";
  root: AbsPath;
  accept: RegExp[];
  reject: RegExp[];
  settle: Settle;
  rescanMs: number;
  propagate: ReadonlySet<ChangeKind>;
};

/**
 * When a file is complete. `close`: nobody has it open for writing. `quiet`: it has not changed for
 * so long. `marker`: a file of the same name plus `suffix` stands beside it.
 */
export type Settle = { kind: "close" } | { kind: "quiet"; quietMs: number } | { kind: "marker"; suffix: string };

export type DestinationSettings = {
  place: SshPlace | LocalPlace;
  lanesMax: number;
  inflight: { kind: "suffix"; suffix: string } | { kind: "staging"; directory: string };
  preserve: { mtime: boolean; mode: boolean };
  verify: Verify;
  durable: "auto" | "always" | "never";
  segmentAboveBytes: number;
  accelerate: { aboveBytes: number; command: string[] } | null;
  bandwidth: BandwidthSettings;
  keepFree: { kind: "percent"; percent: number } | { kind: "bytes"; bytes: number };
};

/** What all lanes together send at most: by the first whose hours it is (`hours: null`: the rest of the time); without one there is no limit. */
export type BandwidthSettings = Array<{ hours: Hours | null; bytesPerS: number | null }>;

/** `directory` is as SFTP takes it: absolute, or relative to the remote home ("" is the home itself). Byte strings. */
export type SshPlace = { kind: "sftp"; host: string; user: string | null; port: number | null; directory: string; ssh: string[] };
export type LocalPlace = { kind: "file"; directory: AbsPath };

export type RetainSettings =
  | { kind: "keep" }
  | { kind: "hold"; directory: AbsPath; emptyDirectoriesAfterMs: number | null }
  | { kind: "delete"; afterMs: number; emptyDirectoriesAfterMs: number | null };
