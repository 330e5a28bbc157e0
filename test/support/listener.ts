import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type Received = { path: string; headers: IncomingMessage["headers"]; body: string };

/** A small HTTP server on loopback that keeps what it gets. `answer` says with what; null: never. */
export async function startListener(
  answer: (received: Received, nth: number) => { status: number; headers?: Record<string, string> } | null = () => ({ status: 200 }),
): Promise<AsyncDisposable & { url: string; host: string; received: Received[] }> {
  const received: Received[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece as string;
    const one = { path: request.url ?? "", headers: request.headers, body };
    const said = answer(one, received.push(one));
    if (said !== null) response.writeHead(said.status, said.headers).end("thank you");
  };
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const host = `127.0.0.1:${address.port}`;
  return {
    url: `http://${host}`,
    host,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
