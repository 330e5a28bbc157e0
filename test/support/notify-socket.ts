import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endProgram } from "./child.ts";
import { waitUntil } from "./waiting.ts";

export type NotifySocket = AsyncDisposable & {
  readonly address: string;
  /** What came so far, the oldest first: each datagram as its lines. */
  readonly datagrams: Array<{ atMs: number; lines: string[] }>;
  /** The first datagram with such a line, from `from` on. */
  wait(line: RegExp, from?: number): Promise<number>;
};

/** A socket as systemd gives one to its services. */
export async function openNotifySocket(address: string): Promise<NotifySocket> {
  const program = fileURLToPath(new URL("../programs/datagram-receiver.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, address], { stdio: ["pipe", "pipe", "inherit"] });
  const datagrams: NotifySocket["datagrams"] = [];
  let isListening = false;
  let waiting = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (waiting + text).split("\n");
    waiting = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as { listening: string } | { atMs: number; text: string };
      if ("listening" in message) isListening = true;
      else datagrams.push({ atMs: message.atMs, lines: message.text.split("\n") });
    }
  });
  await waitUntil("the notify socket", () => isListening);
  return {
    address,
    datagrams,
    wait: (line, from = 0) =>
      waitUntil(
        `a datagram with ${String(line)}`,
        () => {
          const at = datagrams.findIndex(({ lines }, index) => index >= from && lines.some((text) => line.test(text)));
          return at < 0 ? null : { at };
        },
        { explain: () => JSON.stringify(datagrams) },
      ).then(({ at }) => at),
    [Symbol.asyncDispose]: async () => endProgram(child),
  };
}
