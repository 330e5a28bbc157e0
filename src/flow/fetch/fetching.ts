import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Bus } from "../bus.ts";
import { releaseDeferred } from "../ledger/claims.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { messageOfTransfer } from "../ledger/messages.ts";
import type { SourceSettings } from "../settings.ts";
import type { Fetching } from "./contract.ts";
import { authorizeFrom } from "./credentials-file.ts";
import { Origins } from "./origins.ts";

/** What waits longest for an origin that is out of reach is due within so long (`send/verdict.ts`). */
const WAITING_MAX_MS = 150_000;

export type FetchingParts = {
  db: Database;
  flow: FlowId;
  /** Understands a body that was stored once more. */
  bus: Pick<Bus, "read">;
  clock: Clock;
  log: Log;
  /** There may be work. */
  wake: () => void;
};

/** What a flow fetches by; null: its files are on this machine. */
export function fetchingFor(source: SourceSettings, { db, flow, bus, clock, log, wake }: FetchingParts): Fetching | null {
  if (source.kind !== "subscribed") return null;
  const back = (): void => {
    releaseDeferred(db, flow, clock.steady(), WAITING_MAX_MS);
    wake();
  };
  return {
    origins: new Origins({ ssh: source.ssh, authorize: authorizeFrom(source.subscription.broker.credentialsFile), clock, log, back }),
    content: (transfer) => {
      const message = messageOfTransfer(db, transfer);
      return message === null ? null : (bus.read(message.body)?.content ?? null);
    },
  };
}
