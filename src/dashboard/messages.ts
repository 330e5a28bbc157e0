import type { PageSettings } from "../config/daemon-settings.ts";
import type { LiveStatus, Request } from "../daemon/control-protocol.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { Point } from "./answers/recent-rates.ts";
import type { HandedOver } from "./gate.ts";
import type { Tokens } from "./tokens.ts";

/** What the page's thread is started with. `tokens` null: whoever reaches it may do everything (a UNIX socket). */
export type Setup = {
  stateDirectory: string;
  settings: FlowSettings[];
  page: Exclude<PageSettings, { kind: "off" }>;
  tokens: Tokens | null;
  /** What was seen before anybody came. */
  rates: ReadonlyMap<string, Point[]>;
  sockets: HandedOver;
};

/** What only the daemon's own thread can answer. */
export type Asked = Extract<Request, { ask: "retry" | "pause" | "resume" }> | { ask: "metrics" };

export type ToPage =
  /** Once a second; `settings` where the configuration was reloaded since. */
  { kind: "live"; live: LiveStatus; settings: FlowSettings[] | null } | { kind: "answer"; id: number; answer: Answered } | { kind: "stop" };

export type Answered = { ok: true; result: unknown } | { ok: false; code: string; message: string };

export type FromPage =
  /** The sockets are the thread's own now, and closed with it. */
  | { kind: "took" }
  | { kind: "ask"; id: number; asked: Asked }
  /** A fault of the page's own, which the log should have. */
  | { kind: "fault"; message: string };
