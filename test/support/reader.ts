import { readFileSync } from "node:fs";
import { endProgram, nextMessage, startProgram } from "./child.ts";
import { parseLines } from "./lying-sftp.ts";
import type { ReaderLine, ReaderOrder } from "./reader-lines.ts";

export type Reader = AsyncDisposable & {
  /** Looks at everything once more, and returns all that was ever seen. */
  seen(): Promise<ReaderLine[]>;
};

/** Watches a destination from a process of its own. Resolves once all that is there now was read. */
export async function startReader(order: ReaderOrder): Promise<Reader> {
  const child = startProgram("reader.ts", [JSON.stringify(order)]);
  await nextMessage(child, isMessage("ready"), 60_000);
  return {
    async seen() {
      const swept = nextMessage(child, isMessage("swept"), 60_000);
      child.send({ request: "sweep" });
      await swept;
      return parseLines<ReaderLine>(readFileSync(order.log, "utf8"));
    },
    [Symbol.asyncDispose]: async () => endProgram(child),
  };
}

function isMessage(kind: string): (message: unknown) => message is { message: string } {
  return (message): message is { message: string } => (message as { message?: unknown }).message === kind;
}
