import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ErrorCode } from "../kernel/error-codes.ts";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { type Answer, controlSocket, type Request } from "./control-protocol.ts";
import { withShortPath } from "../kernel/short-path.ts";

const ANSWER_TIMEOUT_MS = 60_000;

/** A connection to the running daemon. */
export interface ControlClient extends Disposable {
  /** Rejects with the daemon's refusal. */
  ask<T>(request: Request): Promise<T>;
}

/** null: no daemon runs on this state directory. */
export async function connectControl(stateDirectory: string): Promise<ControlClient | null> {
  const socket = await open(controlSocket(stateDirectory));
  if (socket === null) return null;
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    async ask<T>(request: Request): Promise<T> {
      socket.setTimeout(ANSWER_TIMEOUT_MS);
      socket.write(`${JSON.stringify(request)}\n`);
      const line = await lines.next();
      if (line.done === true)
        throw new HotdirError("state-failed", { operation: "ask the daemon", detail: "it went away, or did not answer" });
      const answer = JSON.parse(line.value) as Answer<T>;
      if (!answer.ok) throw new HotdirError(answer.code as ErrorCode, { operation: "ask the daemon", detail: answer.message });
      return answer.result;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

function open(path: string): Promise<Socket | null> {
  return withShortPath(
    path,
    (short) =>
      new Promise<Socket | null>((resolve, reject) => {
        const socket = connect(short);
        socket.once("connect", () => {
          socket.removeAllListeners("error");
          socket.on("error", () => socket.destroy());
          socket.on("timeout", () => socket.destroy());
          resolve(socket);
        });
        socket.once("error", (error) =>
          ["ENOENT", "ECONNREFUSED", "ENOTDIR"].includes(errnoOf(error) ?? "") ? resolve(null) : reject(error),
        );
      }),
  ).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  });
}
