import type { BrokerSettings } from "../../flow/settings.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import type { Connection } from "./link.ts";
import { linkTo } from "./links.ts";
import type { LinkTrouble } from "./link-state.ts";

const CONNECT_MS_MAX = 15_000;

/** One connection for one question; the first trouble ends it, since somebody waits for the answer. */
export type Visit = AsyncDisposable &
  ({ there: true; connection: Connection; server: string; user: string } | { there: false; trouble: LinkTrouble });

export async function visitBroker(broker: BrokerSettings, signal: AbortSignal, clock: Clock = systemClock()): Promise<Visit> {
  const link = linkTo(broker, { clock, backoff: { minMs: CONNECT_MS_MAX, maxMs: CONNECT_MS_MAX }, name: "hotdir looks" });
  const close = { [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() };
  const refused = Promise.withResolvers<LinkTrouble>();
  link.onState((state) => {
    if (state.state === "waiting") refused.resolve(state.trouble);
  });
  const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS_MAX)]);
  try {
    const arrived = await Promise.race([link.connection(late), refused.promise]);
    if ("trouble" in arrived) return { ...close, there: false, trouble: arrived };
    const { state } = link;
    return { ...close, there: true, connection: arrived, server: "server" in state ? state.server : "", user: link.user ?? "" };
  } catch (error) {
    await link[Symbol.asyncDispose]();
    if (!late.aborted || signal.aborted) throw error;
    return { ...close, there: false, trouble: { trouble: "unreachable", detail: `no answer within ${CONNECT_MS_MAX / 1000} s` } };
  }
}
