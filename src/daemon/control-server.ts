import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { errorCodes } from "../kernel/error-codes.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { withShortPath } from "../kernel/short-path.ts";
import { type Answer, controlSocket, Request, REQUEST_BYTES_MAX } from "./control-protocol.ts";

const CONNECTIONS_MAX = 64;

/** Serves the control socket until disposed of. Only the user of the daemon can reach it (mode 0600). */
export async function serveControl(
  stateDirectory: string,
  answer: (request: Request) => Promise<unknown>,
  log: Log,
): Promise<AsyncDisposable> {
  const path = controlSocket(stateDirectory);
  // The lock is ours, so whatever is there was left by a daemon that was killed.
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, answer, log));
  server.maxConnections = CONNECTIONS_MAX;
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await listen(server, path);
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return withShortPath(
    path,
    (short) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(short, () => resolve());
      }),
  );
}

function serve(socket: Socket, answer: (request: Request) => Promise<unknown>, log: Log): void {
  let waiting = "";
  let last: Promise<void> = Promise.resolve();
  socket.setEncoding("utf8");
  socket.on("error", (error) => log.debug(`control socket: ${error.message}`));
  socket.on("data", (text: string) => {
    waiting += text;
    const lines = waiting.split("\n");
    waiting = lines.pop()!;
    if (waiting.length > REQUEST_BYTES_MAX) return void socket.end(`${JSON.stringify(refusal("bad-usage", "the request is too long"))}\n`);
    for (const line of lines) last = last.then(() => reply(socket, line, answer));
  });
}

async function reply(socket: Socket, line: string, answer: (request: Request) => Promise<unknown>): Promise<void> {
  const answered = await answerLine(line, answer);
  if (socket.writable) socket.write(`${JSON.stringify(answered)}\n`);
}

async function answerLine(line: string, answer: (request: Request) => Promise<unknown>): Promise<Answer<unknown>> {
  try {
    const request = Request.safeParse(JSON.parse(line));
    if (!request.success)
      return refusal("bad-usage", request.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
    return { ok: true, result: await answer(request.data) };
  } catch (error) {
    return refusal(
      error instanceof HotdirError ? error.code : error instanceof SyntaxError ? "bad-usage" : "state-failed",
      messageOf(error),
    );
  }
}

function refusal(code: keyof typeof errorCodes, message: string): Answer<never> {
  return { ok: false, code, message };
}
