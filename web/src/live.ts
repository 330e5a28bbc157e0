import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.ts";
import type { Status } from "./facts.ts";

/** `live`: now. `silent`: the page's server answers, the daemon's own thread is busy or stuck. `gone`: nobody answers. */
export type Connection = { kind: "connecting" } | { kind: "live" } | { kind: "silent"; forS: number } | { kind: "gone"; sinceMs: number };

/** A status comes each second; so long without one, and the connection is dead, whatever the browser believes. */
const QUIET_MS = 6000;
const AGAIN_MS = 1500;
/**
 * A browser opens six connections to one server, for all of its tabs: one that nobody looks at lets its own go after a
 * while, and looks only now and then, for its title.
 */
const HIDDEN_MS = 3000;
const HIDDEN_EVERY_MS = 15_000;

let aheadMs = 0;

/** By the clock of the daemon's machine, from which all times are: the browser's may be another. */
export function daemonNow(): number {
  return Date.now() - aheadMs;
}

/** The events of the daemon, opened again for as long as the page is there. `signedOut` is called when the session is over. */
export function useLive(signedOut: () => void): { status: Status | null; connection: Connection } {
  const [status, setStatus] = useState<Status | null>(null);
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });

  useEffect(() => {
    let source: EventSource | null = null;
    let ended = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    let quiet: ReturnType<typeof setTimeout> | undefined;

    const learn = (told: Status): void => {
      aheadMs = Date.now() - Date.parse(told.at);
      setStatus(told);
      setConnection({ kind: "live" });
    };
    const heard = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(lost, QUIET_MS);
    };
    function open(): void {
      if (document.hidden) return void glance();
      source = new EventSource("/api/events");
      heard();
      source.addEventListener("status", (event: MessageEvent<string>) => {
        heard();
        learn(JSON.parse(event.data) as Status);
      });
      source.addEventListener("silent", (event: MessageEvent<string>) => {
        heard();
        setConnection({ kind: "silent", forS: (JSON.parse(event.data) as { for_s: number }).for_s });
      });
      source.addEventListener("error", lost);
    }
    function close(): void {
      source?.close();
      source = null;
      clearTimeout(quiet);
      clearTimeout(again);
    }
    function lost(): void {
      close();
      setConnection((before) => (before.kind === "gone" ? before : { kind: "gone", sinceMs: Date.now() }));
      again = setTimeout(() => void retry(), AGAIN_MS);
    }
    async function retry(): Promise<void> {
      try {
        const { build, role } = await ask<{ build: string; role: string | null }>("session");
        if (ended || source !== null) return;
        if (role === null) return signedOut();
        // Another version serves the page now: take its page too.
        if (knownBuild !== null && build !== knownBuild) return location.reload();
        open();
      } catch {
        if (!ended) again = setTimeout(() => void retry(), AGAIN_MS);
      }
    }
    async function glance(): Promise<void> {
      try {
        const told = await ask<Status>("status");
        if (ended || source !== null) return;
        learn(told);
        again = setTimeout(() => (document.hidden ? void glance() : open()), HIDDEN_EVERY_MS);
      } catch {
        if (!ended && source === null) lost();
      }
    }
    function shownOrHidden(): void {
      if (document.hidden) {
        clearTimeout(again);
        again = setTimeout(() => {
          close();
          void glance();
        }, HIDDEN_MS);
      } else {
        clearTimeout(again);
        if (source === null) open();
      }
    }
    open();
    document.addEventListener("visibilitychange", shownOrHidden);
    return () => {
      ended = true;
      document.removeEventListener("visibilitychange", shownOrHidden);
      close();
    };
  }, []);
  return { status, connection };
}

let knownBuild: string | null = null;
export function knowBuild(build: string): void {
  knownBuild ??= build;
}

/** Asks again every so often while the page is looked at, and whenever `key` changes. Keeps the last answer where one fails. */
export function usePolled<T>(get: () => Promise<T>, everyMs: number, key: string): T | null {
  const [answer, setAnswer] = useState<{ key: string; value: T } | null>(null);
  useEffect(() => {
    let ended = false;
    const look = (): void => {
      if (document.hidden) return;
      get().then(
        (value) => ended || setAnswer({ key, value }),
        // The banner says that nobody answers; what was known last stays.
        () => undefined,
      );
    };
    look();
    const timer = setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      ended = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [key, everyMs]);
  return answer?.value ?? null;
}
