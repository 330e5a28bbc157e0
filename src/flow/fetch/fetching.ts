import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Told } from "../bus.ts";
import type { Database } from "../ledger/database.ts";
import { messageOfTransfer } from "../ledger/messages.ts";
import type { SourceSettings } from "../settings.ts";
import type { Fetching } from "./contract.ts";
import { authorizeFrom } from "./credentials-file.ts";
import { Origins } from "./origins.ts";

/** What a flow fetches by; null: its files are on this machine. `read`: a body that was stored, understood once more. */
export function fetchingFor(
  source: SourceSettings,
  parts: { db: Database; read: (body: Buffer) => Told | null; clock: Clock; log: Log },
): Fetching | null {
  if (source.kind !== "subscribed") return null;
  const { db, read, clock, log } = parts;
  const { credentialsFile } = source.subscription.broker;
  return {
    origins: new Origins({ ssh: source.ssh, authorize: authorizeFrom(credentialsFile), clock, log }),
    content: (transfer) => {
      const message = messageOfTransfer(db, transfer);
      return message === null ? null : (read(message.body)?.content ?? null);
    },
  };
}
