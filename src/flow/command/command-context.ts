import type { RunId } from "../ledger/claims.ts";
import type { SendContext } from "../send/context.ts";
import type { CommandPlace } from "../settings.ts";
import type { FarShell } from "./far-shell.ts";

/** What sending by commands needs beside all that sending needs. */
export type CommandContext = SendContext & {
  place: CommandPlace;
  run: RunId;
  /** That is open now. Throws `connection-lost` where none is. */
  shell: () => FarShell;
  /** A batch began or ended: whoever writes the journal has something to do. */
  batched: () => void;
};
