import type { AlertConditions } from "../flow/settings.ts";
import type { LogLevel } from "../kernel/log.ts";
import type { AbsPath } from "../kernel/path.ts";

/**
 * What the daemon itself is asked to do, whatever its flows: the keys at the top of the file. Each
 * section of `daemon.ts` gives its part.
 */
export type DaemonSettings = {
  page: PageSettings;
  log: LogSettings;
  alerts: AlertSettings;
};

/** `hosts`: names, beside those of this machine, by which browsers may ask. */
export type PageSettings =
  | { kind: "off" }
  | { kind: "tcp"; host: string; port: number; hosts: string[] }
  | { kind: "unix"; path: AbsPath; hosts: string[] };

/** Of the log in the state directory. `filesMax`: the one that is written included. */
export type LogSettings = { level: LogLevel; rotate: { sizeBytesMax: number; filesMax: number } };

/** Who is told, of what, and how often. */
export type AlertSettings = {
  command: string[] | null;
  webhook: { url: { kind: "written"; url: string } | { kind: "file"; path: AbsPath }; headersFile: AbsPath | null } | null;
  on: AlertConditions;
  groupMs: number;
  repeatMs: number;
};
