import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { makeTemporary } from "../../test/support/temporary.ts";
import { waitUntil } from "../../test/support/waiting.ts";
import { createLog } from "../kernel/log.ts";
import { connectControl } from "./control-client.ts";
import { controlSocket, Request } from "./control-protocol.ts";
import { serveControl } from "./control-server.ts";

type Served = AsyncDisposable & { directory: string; asked: () => number };

const ANSWER = "x".repeat(10_000);

async function serving(): Promise<Served> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  let asked = 0;
  const answer = async (): Promise<string> => {
    asked++;
    return ANSWER;
  };
  undo.use(await serveControl(path, answer, createLog({ level: "error", to: process.stderr, shownLevel: null })));
  const held = undo.move();
  return { directory: path, asked: () => asked, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function connected(directory: string): Promise<Socket> {
  const socket = connect(controlSocket(directory));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

test("who asks and does not read is not answered further than a connection holds, and others are", async () => {
  await using served = await serving();
  const deaf = await connected(served.directory);
  deaf.pause();
  deaf.write('{"ask":"status"}\n'.repeat(20_000));
  await waitUntil("some answers", () => (served.asked() > 0 ? true : null));
  using client = (await connectControl(served.directory))!;
  for (let at = 0; at < 50; at++) expect(await client.ask({ ask: "status" })).toBe(ANSWER);
  // 20 000 answers would be 200 MB; what fits into the buffers of a socket is a few hundred of them.
  expect(served.asked()).toBeLessThan(2000);
  deaf.destroy();
});

test("connections that say nothing do not keep others out", async () => {
  await using served = await serving();
  const idle: Socket[] = [];
  for (let at = 0; at < 200; at++) idle.push(await connected(served.directory));
  using client = (await connectControl(served.directory))!;
  expect(await client.ask({ ask: "status" })).toBe(ANSWER);
  for (const socket of idle) socket.destroy();
});

test("a request without end is refused, and the connection with it", async () => {
  await using served = await serving();
  const endless = await connected(served.directory);
  let answered = "";
  endless.on("data", (data: Buffer) => (answered += data.toString()));
  for (let at = 0; at < 64; at++) endless.write("x".repeat(1 << 18));
  await waitUntil("the end of the connection", () => (endless.closed ? true : null));
  expect(answered).toContain("the request is too long");
  expect(served.asked()).toBe(0);
});

test("a path that is not clean, or holds what is no byte, is no request", () => {
  const isRequest = (path: string): boolean => Request.safeParse({ ask: "post", flow: null, paths: [path] }).success;
  for (const path of ["/", "/a", "/a/b c", "/a\nb", "/\xe9", "/..a/b..", "/a/..."]) expect(isRequest(path), path).toBe(true);
  for (const path of ["", "a", "/a/", "//a", "/a//b", "/./a", "/a/..", "/../a", "/a/../b", "/a\0b", "/\u0142"])
    expect(isRequest(path), path).toBe(false);
});
