import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

/** Asks the page on its UNIX socket, which wants no token. */
export async function askPage(socketPath: string, path: string): Promise<{ status: number; type: string; body: string }> {
  const asking = request({ socketPath, path, headers: { host: "localhost" }, timeout: 20_000 });
  asking.on("timeout", () => asking.destroy(new Error(`${path}: no answer`)));
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  let body = "";
  for await (const piece of response.setEncoding("utf8")) body += piece as string;
  return { status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body };
}
