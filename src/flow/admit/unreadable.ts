import { show } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { Known } from "../ledger/admissions.ts";

type Unreadable = Sighting & { kind: "unreadable" };

/** Why something that is there is listed as not delivered (P1), for people. Each scan looks again, so that it is sent once it can be read. */
export function whyUnreadable({ code, target }: Unreadable): string {
  if (target === undefined) return `cannot be read at the source: ${code}; what is in it is not seen`;
  const link = `a symbolic link to ${show(target)}`;
  if (isNothing(code)) return `${link}, where nothing is`;
  return code === "ELOOP" ? `${link}, which leads back to itself` : `${link}, which cannot be read: ${code}`;
}

/** What a link led to was delivered, and has gone since: nothing is left that could be sent. */
export function leadsNowhereNow({ code, target }: Unreadable, known: Known | null): boolean {
  return target !== undefined && isNothing(code) && known?.state === "delivered" && known.kind !== "link";
}

function isNothing(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}
