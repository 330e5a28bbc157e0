/**
 * What the daemon itself is asked to do, whatever its flows: the keys at the top of the file. Each
 * section of `daemon.ts` gives its part.
 */
export type DaemonSettings = Record<never, never>;
