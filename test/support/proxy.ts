import { endProgram, nextMessage, startProgram } from "./child.ts";
import { openRules, type ProxyCounts, type ProxyMessage, type ProxyRequest, type ProxyRules } from "./proxy-rules.ts";

export type Proxy = AsyncDisposable & {
  readonly port: number;
  /** Rules that are not named go back to open ones, so that `set({})` heals everything. Resolves when they apply. */
  set(rules: Partial<ProxyRules>): Promise<ProxyCounts>;
  /** Resets all connections now (RST). */
  reset(): Promise<ProxyCounts>;
  counts(): Promise<ProxyCounts>;
  stop(): Promise<void>;
};

/** A TCP proxy on a free loopback port, in its own process, towards `host:port`. */
export async function startProxy(to: { port: number; host?: string }): Promise<Proxy> {
  const child = startProgram("proxy.ts", [to.host ?? "127.0.0.1", String(to.port)]);
  const listening = await nextMessage(child, isListening, 10_000);
  let lastId = 0;

  // Answers of several requests may be under way at once: each takes the one with its number.
  async function ask(request: (id: number) => ProxyRequest): Promise<ProxyCounts> {
    const id = ++lastId;
    const answer = nextMessage(child, (message): message is DoneMessage => isDone(message) && message.id === id, 10_000);
    child.send(request(id));
    return (await answer).counts;
  }
  const stop = async (): Promise<void> => endProgram(child);
  return {
    port: listening.port,
    set: async (rules) => ask((id) => ({ request: "rules", id, rules: { ...openRules, ...rules } })),
    reset: async () => ask((id) => ({ request: "reset", id })),
    counts: async () => ask((id) => ({ request: "counts", id })),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type DoneMessage = Extract<ProxyMessage, { message: "done" }>;

function isListening(message: unknown): message is Extract<ProxyMessage, { message: "listening" }> {
  return (message as ProxyMessage).message === "listening";
}

function isDone(message: unknown): message is DoneMessage {
  return (message as ProxyMessage).message === "done";
}
