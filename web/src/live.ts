import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.ts";
import type { Status } from "./facts.ts";

/** `live`: now. `silent`: the page's server answers, the daemon's own thread is busy or stuck. `gone`: nobody answers. */
export type Connection = { kind: "connecting" } | { kind: "live" } | { kind: "silent"; forS: number } | { kind: "gone"; sinceMs: number };

/** A status comes each second; so long without one, and the connection is dead, whatever the browser believes. */
const QUIET_MS = 6000;
const AGAIN_MS = 1500;

/** The events of the daemon, opened again for as long as the page is there. `signedOut` is called when the session is over. */
export function useLive(signedOut: () => void): { status: Status | null; connection: Connection } {
  const [status, setStatus] = useState<Status | null>(null);
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });

  useEffect(() => {
    let source: EventSource | null = null;
    let again: ReturnType<typeof setTimeout> | undefined;
    let quiet: ReturnType<typeof setTimeout> | undefined;

    const heard = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(lost, QUIET_MS);
    };
    function open(): void {
      source = new EventSource("/api/events");
      heard();
      source.addEventListener("status", (event: MessageEvent<string>) => {
        heard();
        setStatus(JSON.parse(event.data) as Status);
        setConnection({ kind: "live" });
      });
      source.addEventListener("silent", (event: MessageEvent<string>) => {
        heard();
        setConnection({ kind: "silent", forS: (JSON.parse(event.data) as { for_s: number }).for_s });
      });
      source.addEventListener("error", lost);
    }
    function lost(): void {
      source?.close();
      clearTimeout(quiet);
      clearTimeout(again);
      setConnection((before) => (before.kind === "gone" ? before : { kind: "gone", sinceMs: Date.now() }));
      again = setTimeout(() => void retry(), AGAIN_MS);
    }
    async function retry(): Promise<void> {
      try {
        const { build, role } = await ask<{ build: string; role: string | null }>("session");
        if (role === null) return signedOut();
        // Another version serves the page now: take its page too.
        if (knownBuild !== null && build !== knownBuild) return location.reload();
        open();
      } catch {
        again = setTimeout(() => void retry(), AGAIN_MS);
      }
    }
    open();
    return () => {
      source?.close();
      clearTimeout(again);
      clearTimeout(quiet);
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
