import { createServer, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { openRules, type ProxyCounts, type ProxyMessage, type ProxyRequest, type ProxyRules } from "../support/proxy-rules.ts";
import { Direction } from "./proxy-direction.ts";

/**
 * A TCP proxy in a process of its own, so that it neither slows nor is slowed by the tests. Takes
 * `HOST PORT` of the server; is told what to do over the IPC channel; ends with its parent.
 */
const [serverHost = "127.0.0.1", serverPort = "0"] = process.argv.slice(2);

type Pair = { client: Socket; server: Socket; directions: [Direction, Direction] };

let rules: ProxyRules = openRules;
const pairs = new Set<Pair>();
const unanswered = new Set<Socket>();
const ended: ProxyCounts = { open: 0, accepted: 0, reset: 0, toServerBytes: 0, toClientBytes: 0 };

const listener: Server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (accepted) => {
  ended.accepted += 1;
  if (rules.connections === "refuse") return void accepted.resetAndDestroy();
  if (rules.connections === "ignore") return keepUnanswered(accepted);
  connectPair(accepted);
});
listener.listen(0, "127.0.0.1", () => {
  const address = listener.address();
  if (address !== null && typeof address === "object") send({ message: "listening", port: address.port });
});

process.on("message", (request: ProxyRequest) => {
  if (request.request === "rules") applyRules(request.rules);
  if (request.request === "reset") resetAll();
  send({ message: "done", id: request.id, counts: counts() });
});
process.on("disconnect", () => process.exit(0));

function connectPair(accepted: Socket): void {
  // Our own reads into large pooled buffers begin here: the accepted socket's handle gets a new owner.
  const toServer = new Direction(() => rules, cut);
  const toClient = new Direction(() => rules, cut);
  const client = adopt(accepted, toServer);
  const server = new Socket({ onread: toClient.reads(), allowHalfOpen: true });
  const pair: Pair = { client, server, directions: [toServer, toClient] };
  pairs.add(pair);
  toServer.between(client, server);
  toClient.between(server, client);
  toServer.countsForCut = true;
  for (const socket of [client, server]) {
    socket.on("error", () => resetPair(pair));
    socket.on("close", () => {
      if (client.destroyed && server.destroyed) endPair(pair);
    });
  }
  server.setNoDelay(true);
  server.connect({ host: serverHost, port: Number(serverPort) }, () => client.resume());

  function cut(): void {
    resetPair(pair);
  }
}

/** `onread` exists for sockets that are constructed, not for accepted ones; a constructed socket takes an accepted handle. */
function adopt(accepted: Socket, direction: Direction): Socket {
  const holder = accepted as unknown as { _handle: object | null };
  const handle = holder._handle;
  holder._handle = null;
  const options = { handle, onread: direction.reads(), pauseOnCreate: true, allowHalfOpen: true };
  return new Socket(options as unknown as SocketConstructorOpts);
}

function keepUnanswered(socket: Socket): void {
  unanswered.add(socket);
  socket.on("error", () => unanswered.delete(socket));
  socket.on("close", () => unanswered.delete(socket));
}

function applyRules(next: ProxyRules): void {
  rules = next;
  for (const pair of pairs) for (const direction of pair.directions) direction.wake();
}

function resetAll(): void {
  for (const pair of pairs) resetPair(pair);
  for (const socket of unanswered) socket.resetAndDestroy();
}

function resetPair(pair: Pair): void {
  if (pairs.has(pair)) ended.reset += 1;
  pair.client.resetAndDestroy();
  pair.server.resetAndDestroy();
  endPair(pair);
}

function endPair(pair: Pair): void {
  if (!pairs.delete(pair)) return;
  ended.toServerBytes += pair.directions[0].passedBytes;
  ended.toClientBytes += pair.directions[1].passedBytes;
  pair.client.destroy();
  pair.server.destroy();
  for (const direction of pair.directions) direction.stop();
}

function counts(): ProxyCounts {
  const now = { ...ended, open: pairs.size };
  for (const pair of pairs) {
    now.toServerBytes += pair.directions[0].passedBytes;
    now.toClientBytes += pair.directions[1].passedBytes;
  }
  return now;
}

function send(message: ProxyMessage): void {
  process.send?.(message);
}
