import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, makePageWorld, type PageWorld, refusalOf } from "../support/page-world.ts";
import { waitUntil } from "../support/waiting.ts";

/** Who holds on to what he was given, or goes in the middle of it, takes it from nobody else for long. */
let world: PageWorld;
let address: string;

beforeAll(async () => {
  world = await makePageWorld();
  world.hotdir.start();
  address = await world.address();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Says `text` and then neither reads nor goes. */
async function deaf(text: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(address).port), host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined);
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  socket.pause();
  socket.write(text);
  return socket;
}

const answers = (): Promise<boolean> =>
  call(address, "/api/session").then(
    ({ status }) => status === 200,
    () => false,
  );

test("who sends half a request and stays deaf gives his connection back", { timeout: 60_000 }, async () => {
  const sockets: Socket[] = [];
  try {
    while (sockets.length < 140) sockets.push(await deaf("GET / HTTP/1.1\r\nHost: localhost\r\nX-Half"));
    expect(await answers(), "all connections are taken").toBe(false);
    await waitUntil("there is room again", answers, { timeoutMs: 30_000, everyMs: 500 });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("a HEAD watches nothing, so it takes no watcher's place", async () => {
  const token = world.token("viewer");
  for (let at = 0; at < 33; at++) expect((await call(address, "/api/events", { method: "HEAD", token })).status).toBe(405);
  expect((await call(address, "/api/status", { token })).status).toBe(200);
});

test("a request without a host is refused with words", async () => {
  const socket = connect(Number(new URL(address).port), "127.0.0.1");
  socket.write("GET /api/session HTTP/1.1\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const piece of socket) text += String(piece);
  expect(text).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad-request"/);
});

test("who goes in the middle of a body leaves nothing in the log", async () => {
  for (const length of ["Content-Length: 50", "Transfer-Encoding: chunked"]) {
    const socket = await deaf(`POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${length}\r\n\r\n5\r\nab`);
    await answers();
    socket.resetAndDestroy();
  }
  const refused = await call(address, "/api/login", { body: { token: "wrong" } });
  expect(refusalOf(refused)).toBe("not-signed-in");
  expect(world.hotdir.log()).not.toMatch(/the page: /);
});
