/** How a proxy treats the bytes that pass; the parent sends it as a whole, and it applies at once to all connections. */
export type ProxyRules = {
  /** Each byte arrives this much later, without limiting the rate. One way: the round trip is twice that. */
  delayMs: number;
  /** Each direction of each connection; null: no limit. */
  bandwidthBytesPerS: number | null;
  /** What happens to bytes: passed, kept back with the connection open (`stall`), or thrown away (`black-hole`). */
  bytes: "pass" | "stall" | "black-hole";
  /** What happens to new connections: taken, reset at once, or taken and never answered. */
  connections: "take" | "refuse" | "ignore";
  /** Reset a connection once so many bytes of it went towards the server; null: never. */
  cutAfterBytes: number | null;
};

export const openRules: ProxyRules = { delayMs: 0, bandwidthBytesPerS: null, bytes: "pass", connections: "take", cutAfterBytes: null };

export type ProxyRequest =
  | { request: "rules"; id: number; rules: ProxyRules }
  /** Reset (RST, not FIN) all connections now. */
  | { request: "reset"; id: number }
  | { request: "counts"; id: number };

export type ProxyCounts = { open: number; accepted: number; reset: number; toServerBytes: number; toClientBytes: number };

export type ProxyMessage = { message: "listening"; port: number } | { message: "done"; id: number; counts: ProxyCounts };
