import type { Backoff } from "../kernel/backoff.ts";
import type { LogLevel } from "../kernel/log.ts";
import type { AbsPath, Bytes } from "../kernel/path.ts";
import type { CommandTemplate } from "./command/template.ts";
import type { Chmod } from "./chmod.ts";
import type { DigestAlgorithm, Verify } from "./digest.ts";
import type { FinishSettings } from "./finish-settings.ts";
import type { Hours } from "./schedule.ts";

/**
 * What a flow is asked to do, with every default filled in and every unit resolved. `config/`
 * produces it from YAML (importers from foreign files); nothing below `config/` reads YAML.
 */
export type FlowSettings = {
  name: string;
  source: SourceSettings;
  destination: DestinationSettings;
  /** Where each delivery is told of, after its receipt; null: nowhere. */
  announce: PublishSettings | null;
  /** What is done with each delivered file, after its receipt. */
  finish: FinishSettings;
  retry: { attemptsMax: number; backoff: Backoff };
  retain: RetainSettings;
  /** Sets of files that are known to be whole, and their manifests; null: the flow has none. */
  completion: CompletionSettings | null;
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

export type SourceSettings = LocalSource | SubscribedSource | TableSource;

type SourceRules = {
  /** What relative paths are relative to. */
  root: AbsPath;
  accept: RegExp[];
  reject: RegExp[];
  settle: Settle;
  rescanMs: number;
  propagate: ReadonlySet<ChangeKind>;
};

/**
 * `watched`: the directory is watched and scanned. `posted`: only what `hotdir post` names, relative to the root.
 * `symlinks`: whether a link to a file is transferred as the link or as the file. Links to directories are never followed.
 */
export type LocalSource = SourceRules & { kind: "watched" | "posted"; symlinks: "transfer" | "follow" };

export function followsLinks(source: SourceSettings): boolean {
  return "symlinks" in source && source.symlinks === "follow";
}

/**
 * Messages of a broker say what changed, and where it can be fetched. `root`: where the files of `file:` URLs are; "/" where
 * `base` is "url": then their path is that of the message's base URL, and then its relative path.
 */
export type SubscribedSource = SourceRules & {
  kind: "subscribed";
  subscription: SubscriptionSettings;
  base: "root" | "url";
  /** What `accept`, `reject` and `routes` are compared with: the relative path, or the whole URL, from its start. */
  match: "path" | "url";
  /** Where files go, by the first that matches; none: to their own relative path. */
  routes: Route[];
  /** What no route matches: goes by this one; null: is not wanted. */
  unmatched: Route | null;
  /** The ssh command that fetches from `sftp:` URLs. */
  ssh: string[];
  /** A change that tells nothing new within so long is passed over; 0: none is. */
  duplicatesMs: number;
};

/**
 * The rows of a table of another program's SQLite database are the queue: each names a file anywhere on this machine, where it goes, and what its
 * content has to be; what became of it is written back into the row. `root` is "/".
 */
export type TableSource = SourceRules & {
  kind: "table";
  database: AbsPath;
  table: string;
  columns: TableColumns;
  /** Only rows with these values, by column. */
  where: ReadonlyArray<{ column: string; value: TableValue }>;
  /** Of the digests in the table. */
  algorithm: DigestAlgorithm;
  /** How often it is asked whether anything changed. */
  pollMs: number;
};

export type TableValue = string | number | null;

/** The names of the columns; null: the table has none such. */
export type TableColumns = {
  /** The integer primary key. */
  id: string;
  file: string;
  path: string;
  /** What the content has to be, and what was read back at the destination. */
  digest: string | null;
  found: string | null;
  /** Times are seconds since the epoch. */
  registeredAt: string | null;
  deliveredAt: string | null;
  removedAt: string | null;
  failures: string | null;
  removable: string | null;
  ignore: string | null;
};

/** One rule of where files go; a `null` pattern matches everything. */
export type Route = {
  accepts: boolean;
  pattern: RegExp | null;
  /** Below the destination's directory, with `${...}` as the guide's page on routes tells; "" is the directory itself. */
  into: string;
  /** Whether the directories of the relative path are kept. */
  mirror: boolean;
  strip: { kind: "none" } | { kind: "count"; count: number } | { kind: "expression"; expression: RegExp };
  /** What joins the directories to the name in place of `/`; null: nothing does. */
  flatten: string | null;
  /** Another name for the file, as Sarracenia's `filename` says it; null: its own. */
  name: string | null;
};

/** How a broker is reached. A password is in the credentials file, and nowhere else. */
export type BrokerSettings = {
  /** `amqp:`, `amqps:`, `mqtt:` or `mqtts:`, without a password. */
  url: string;
  credentialsFile: AbsPath;
  /** The only authorities that its certificate may be of; null: the system's. */
  caFile: AbsPath | null;
};

/** The exchange is the first level of the topic with MQTT, which has none. */
export type SubscriptionSettings = {
  broker: BrokerSettings;
  exchange: string;
  topicPrefix: string[];
  /** Below the prefix, levels apart by `/` or `.`; `#` is all. */
  subtopics: string[];
  /** All who name the same queue share its messages. */
  queue: string;
  durable: boolean;
  /** The queue goes when nobody used it for so long; null: never. */
  expireMs: number | null;
  /** What waits in the queue goes when it is older; null: never. */
  messageTtlMs: number | null;
  /** Make the queue and its bindings where they are not there. */
  declare: boolean;
  /** How many messages this host has under way at most. */
  prefetch: number;
  /** While hosts with a higher one can take messages, this one gets none. RabbitMQ only. */
  priority: number;
};

export type PublishSettings = {
  broker: BrokerSettings;
  exchange: string;
  /** More than 1: spread over so many exchanges, NAME00, NAME01 and so on. */
  split: number;
  topicPrefix: string[];
  /** Make the exchange where it is not there. */
  declare: boolean;
  /** What a message's relative path is below, for whoever fetches it; null: as in the message that it came by. */
  baseUrl: string | null;
  /** Stands before the path, so that base URL and relative path together name the file; "" or a relative path. */
  pathPrefix: Bytes;
  /** Who announces; null: the broker's user. */
  source: string | null;
  /** Fields of the user's own. */
  headers: Record<string, string>;
  /** Smaller files travel in the message; 0: none. */
  inlineMaxBytes: number;
};

/**
 * When a file is complete. `close`: nobody has it open for writing. `quiet`: it has not changed for
 * so long. `marker`: a file of the same name plus `suffix` stands beside it.
 */
export type Settle = { kind: "close" } | { kind: "quiet"; quietMs: number } | { kind: "marker"; suffix: string };

export type DestinationSettings = {
  place: FilePlace | CommandPlace | PublishPlace | RemovePlace;
  lanesMax: number;
  inflight: { kind: "suffix"; suffix: string } | { kind: "staging"; directory: string };
  preserve: { mtime: boolean; mode: boolean };
  /** What is changed of the modes of files and directories; null: nothing. */
  chmod: Chmod | null;
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
export type SshPlace = {
  kind: "sftp";
  host: string;
  user: string | null;
  port: number | null;
  directory: string;
  ssh: string[];
  /** What travels is compressed. */
  compress: boolean;
};
export type FilePlace = SshPlace | LocalPlace;
export type LocalPlace = { kind: "file"; directory: AbsPath };
/** A directory at the far end that the user's own commands fill. `directory`: absolute, a byte string. */
export type CommandPlace = {
  kind: "commands";
  directory: string;
  transfer: CommandTemplate;
  remote: CommandTemplate;
  /** The most files of one directory that go together. */
  batchMax: number;
  /** A command in which nothing moves for so long is ended; null: none is. */
  stillMs: number | null;
  /** The user's database into which batches are written; null: none is. */
  journal: AbsPath | null;
};
/** Nothing is moved: changes become messages. `verify` says which digest they carry. */
export type PublishPlace = { kind: "publish"; publish: PublishSettings };
/** Nothing is moved: a file below the directory that is elsewhere already, as a message with its digest says, goes; or moves to `hold`. */
export type RemovePlace = { kind: "remove"; directory: AbsPath; hold: AbsPath | null };

export type RetainSettings =
  | { kind: "keep" }
  | { kind: "hold"; directory: AbsPath; emptyDirectoriesAfterMs: number | null }
  | { kind: "delete"; afterMs: number; emptyDirectoriesAfterMs: number | null };

/** Sets of files at the destination. Each directory there whose whole relative path `sets` matches is one, with all files below it. */
export type CompletionSettings = {
  sets: RegExp;
  whole: WholeRule;
  manifest: ManifestSettings;
};

/** When no more files are expected in a set (`completion/wholeness.ts`). */
export type WholeRule =
  | { kind: "timecode" }
  | { kind: "marker"; marker: Bytes }
  | { kind: "count"; count: number }
  | { kind: "quiet"; quietMs: number };

export const manifestFormats = ["json", "sums", "suprsync"] as const;
export type ManifestFormat = (typeof manifestFormats)[number];

/** `directory`: where manifests are written on this machine; null: below the state directory. `path`: at the destination, with `${...}`. */
export type ManifestSettings = {
  format: ManifestFormat;
  directory: AbsPath | null;
  path: string;
  instance: string | null;
  archive: string;
};
