import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { errorCodes } from "../kernel/error-codes.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { withShortPath } from "../kernel/short-path.ts";
import { type Answer, controlSocket, Request, REQUEST_BYTES_MAX } from "./control-protocol.ts";

const CONNECTIONS_MAX = 64;

/** `answering`: an answer is being made. Who only waits, or does not read what was answered, is not. */
type Connection = { socket: Socket; answering: boolean };

/** Serves the control socket until disposed of. Only the user of the daemon can reach it (mode 0600). */
export async function serveControl(
  stateDirectory: string,
  answer: (request: Request) => Promise<unknown>,
  log: Log,
): Promise<AsyncDisposable> {
  const path = controlSocket(stateDirectory);
  // The lock is ours, so whatever is there was left by a daemon that was killed.
  rmSync(path, { force: true });
  // The one that was quiet for longest comes first.
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    if (connections.size >= CONNECTIONS_MAX && !makeRoom(connections)) return void socket.destroy();
    const connection: Connection = { socket, answering: false };
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
    const heard = (): void => void (connections.delete(connection) && connections.add(connection));
    serve(connection, heard, answer, log);
  });
  await listen(server, path);
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { socket } of connections) socket.destroy();
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

/** Whoever forgot a connection, or hundreds, does not keep others out. */
function makeRoom(connections: Set<Connection>): boolean {
  const quiet = [...connections].find(({ answering }) => !answering);
  if (quiet === undefined) return false;
  connections.delete(quiet);
  quiet.socket.destroy();
  return true;
}

/** One request after the other, and no more is read than is answered and taken: a client that only asks takes no memory. */
function serve(connection: Connection, heard: () => void, answer: (request: Request) => Promise<unknown>, log: Log): void {
  const { socket } = connection;
  let waiting = "";
  let refused = false;
  socket.setEncoding("utf8");
  socket.on("error", (error) => log.debug(`control socket: ${error.message}`));
  const answerAll = async (lines: string[]): Promise<void> => {
    for (const line of lines) {
      if (!socket.writable) return;
      connection.answering = true;
      const answered = await answerLine(line, answer).finally(() => (connection.answering = false));
      if (socket.writable && !socket.write(`${JSON.stringify(answered)}\n`)) await taken(socket);
    }
  };
  socket.on("data", (text: string) => {
    // Read on all the same: a connection that is closed with something unread may take the answer with it.
    if (refused) return;
    heard();
    waiting += text;
    const lines = waiting.split("\n");
    waiting = lines.pop()!;
    if (waiting.length > REQUEST_BYTES_MAX) {
      waiting = "";
      refused = true;
      return void socket.end(`${JSON.stringify(refusal("bad-usage", "the request is too long"))}\n`);
    }
    if (lines.length === 0) return;
    socket.pause();
    void answerAll(lines).then(() => socket.resume());
  });
}

function taken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
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
