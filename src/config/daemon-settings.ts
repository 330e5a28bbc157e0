import type { AbsPath } from "../kernel/path.ts";

/**
 * What the daemon itself is asked to do, whatever its flows: the keys at the top of the file. Each
 * section of `daemon.ts` gives its part.
 */
export type DaemonSettings = {
  page: PageSettings;
};

/** `hosts`: names, beside those of this machine, by which browsers may ask. */
export type PageSettings =
  | { kind: "off" }
  | { kind: "tcp"; host: string; port: number; hosts: string[] }
  | { kind: "unix"; path: AbsPath; hosts: string[] };
