import { createServer, type Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { getRequestListener, RequestError } from "@hono/node-server";
import { openForReading } from "../flow/ledger/database.ts";
import { assert, messageOf } from "../kernel/errors.ts";
import { makeApp } from "./app.ts";
import { pageDirectory, readAssets } from "./assets.ts";
import { RecentRates } from "./answers/recent-rates.ts";
import { EventHub, eventText } from "./events.ts";
import { Knowledge } from "./knowledge.ts";
import type { Answered, Asked, FromPage, Setup, ToPage } from "./messages.ts";
import { Refusal } from "./refusal.ts";

const ANSWER_TIMEOUT_MS = 20_000;
const CONNECTIONS_MAX = 128;
const HEARTBEAT_MS = 2000;
/** Longer than any answer takes, and much longer than the pause between two heartbeats. */
const UNREAD_MS = 60_000;
/** For the other side to read why it was refused. */
const PARTING_MS = 1000;
/** After so long without a word the watchers are told that the daemon is busy or stuck. */
const SILENT_MS = 5000;

assert(parentPort !== null, "the page runs in a thread of the daemon");
const port = parentPort;
const setup = workerData as Setup;
const tell = (message: FromPage): void => port.postMessage(message);
const fault = (error: unknown): void => tell({ kind: "fault", message: messageOf(error) });

const waiting = new Map<number, (answer: Answered) => void>();
let lastId = 0;

const db = openForReading(setup.stateDirectory);
assert(db !== null, "the daemon has made its ledger before it starts the page");
const knowledge = new Knowledge(db, setup.settings, new RecentRates(setup.rates), fault);
const events = new EventHub();
const app = makeApp({
  knowledge,
  events,
  assets: readAssets(pageDirectory()),
  tokens: setup.tokens,
  hosts: new Set(["localhost", "127.0.0.1", "[::1]", ...listenedHost(), ...setup.page.hosts]),
  ask,
  fault,
});

const listener = getRequestListener(app.fetch, {
  errorHandler: (error) => {
    if (error instanceof RequestError) return new Refusal("bad-request", "the address or the host is none").response();
    fault(error);
    return new Refusal("internal").response();
  },
});
const server: Server = createServer(
  {
    requestTimeout: 10_000,
    headersTimeout: 5000,
    keepAliveTimeout: 15_000,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: 16 * 1024,
    // A request that names no host is refused by us, with words.
    requireHostHeader: false,
  },
  (request, response) => void listener(request, response),
);
server.maxConnections = CONNECTIONS_MAX;
// Who asks and never reads what comes would keep one of the connections for ever.
server.setTimeout(UNREAD_MS);
server.on("clientError", refuseUnreadable);

port.on("message", (message: ToPage) => {
  switch (message.kind) {
    case "live":
      knowledge.learn(message.live, message.settings);
      if (events.watched) guarded(() => events.tell(eventText("status", knowledge.status())));
      return;
    case "answer":
      waiting.get(message.id)?.(message.answer);
      waiting.delete(message.id);
      return;
    case "stop":
      return stop();
  }
});

const heartbeat = setInterval(() => {
  const { silentMs } = knowledge;
  events.tell(silentMs > SILENT_MS ? eventText("silent", { for_s: Math.round(silentMs / 1000) }) : ": alive\n\n");
}, HEARTBEAT_MS);

server.on("error", (error) => {
  throw error;
});
tell({ kind: "took" });
server.listen({ fd: setup.sockets.listener });
for (const fd of setup.sockets.visitors) server.emit("connection", new Socket({ fd, readable: true, writable: true }));

function listenedHost(): string[] {
  if (setup.page.kind === "unix") return [];
  return [setup.page.host.includes(":") ? `[${setup.page.host.toLowerCase()}]` : setup.page.host.toLowerCase()];
}

/** A watcher whose turn went wrong must not end the thread. */
function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    fault(error);
  }
}

function ask(asked: Asked): Promise<unknown> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(id);
      reject(new Refusal("no-answer"));
    }, ANSWER_TIMEOUT_MS);
    waiting.set(id, (answer) => {
      clearTimeout(timer);
      if (answer.ok) resolve(answer.result);
      else reject(new Refusal("refused-by-daemon", answer.message));
    });
    tell({ kind: "ask", id, asked });
  });
}

/** What is no HTTP at all, or has headers without end, gets an answer too. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const body = JSON.stringify({ error: { code: "bad-request", message: "the request was not understood: it is no HTTP, or too long" } });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  // One that neither reads nor goes would keep its connection for ever.
  setTimeout(() => socket.destroy(), PARTING_MS);
}

function stop(): void {
  clearInterval(heartbeat);
  events.close();
  server.close();
  server.closeAllConnections();
  knowledge[Symbol.dispose]();
  db?.[Symbol.dispose]();
  port.close();
}
