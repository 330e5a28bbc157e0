import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket, connect } from "node:net";
import { describe, expect, test } from "vitest";
import { startGenerator } from "../support/generator.ts";
import { countFaults, judge, spotless } from "../support/oracle.ts";
import type { Evidence } from "../support/oracle.ts";
import { startProxy } from "../support/proxy.ts";
import { Random } from "../support/random.ts";
import { startReader } from "../support/reader.ts";
import { makeTemporary } from "../support/temporary.ts";
import { compareTrees, readTree } from "../support/tree.ts";

/** The fault tests are only as good as their instruments, so these are tested first. */
describe("the generator and the oracle", () => {
  test("a faithful copy is judged spotless, and each kind of damage is found", { timeout: 60_000 }, async () => {
    await using place = await makeTemporary();
    const [source, destination] = [`${place.path}/source`, `${place.path}/destination`];
    await using generator = startGenerator({
      directory: source,
      manifest: `${place.path}/manifest`,
      seed: 11,
      operations: 120,
      hostile: 0.5,
    });
    await generator.done;
    await copy(source, destination);
    const tree = await readTree(destination);
    expect(compareTrees(await readTree(source), tree)).toEqual([]);

    const files = [...tree].filter(([, entry]) => entry.kind === "f");
    const honest: Evidence = {
      manifest: generator.manifest(),
      seen: files.map(([path, entry]) => ({ path, sha256: entry.content, sizeBytes: entry.sizeBytes, inode: "1:1" })),
      source: await readTree(source),
      destination: tree,
      claims: files.map(([path, entry]) => ({ path, kind: "put", algorithm: "sha256", hex: entry.content })),
      dead: [],
      flows: [],
      inflight: /\.tmp$/,
      retain: "keep",
    };
    expect(judge(honest)).toEqual(spotless);

    const [path, entry] = files[0]!;
    const without = new Map(tree);
    without.delete(path);
    expect(countFaults(judge({ ...honest, destination: without }))).toMatchObject({ lost: 1, falselyDelivered: 1, partial: 0 });
    expect(countFaults(judge({ ...honest, destination: new Map(tree).set(path, { ...entry, content: "00" }) }))).toMatchObject({
      lost: 1,
      falselyDelivered: 1,
      partial: 1,
    });
    expect(countFaults(judge({ ...honest, destination: new Map(tree).set("owned", entry) }))).toMatchObject({ strays: 1, lost: 0 });
    const emptied = new Map(honest.source);
    emptied.delete(path);
    expect(countFaults(judge({ ...honest, source: emptied }))).toMatchObject({ unsafelyDeleted: 1 });
    expect(countFaults(judge({ ...honest, source: emptied, retain: "remove" }))).toMatchObject({ unsafelyDeleted: 0 });
    expect(countFaults(judge({ ...honest, claims: honest.claims.slice(1) }))).toMatchObject({ unproven: 1 });
  });

  test("the same seed writes the same files", async () => {
    await using place = await makeTemporary();
    const order = { seed: 5, operations: 40, ways: ["write", "deep", "tmp-rename", "replace", "move-tree"] as const, hostile: 0.5 };
    await using first = startGenerator({ ...order, directory: `${place.path}/a`, manifest: `${place.path}/a.manifest` });
    await using second = startGenerator({ ...order, directory: `${place.path}/b`, manifest: `${place.path}/b.manifest` });
    await Promise.all([first.done, second.done]);
    expect(first.manifest().length).toBeGreaterThan(20);
    expect(first.manifest()).toEqual(second.manifest());
  });
});

describe("the reader", () => {
  test("a file that grows under its final name is seen in parts, an inflight one is not", async () => {
    await using place = await makeTemporary();
    const directory = `${place.path}/watched`;
    mkdirSync(directory);
    await using reader = await startReader({ directory, log: `${place.path}/log`, inflight: "\\.tmp$" });
    writeFileSync(`${directory}/a`, "whole");
    writeFileSync(`${directory}/b.tmp`, "part");
    writeFileSync(`${directory}/c`, "first ");
    await reader.seen();
    writeFileSync(`${directory}/c`, "second", { flag: "a" });
    const seen = (await reader.seen()).map((line) => ({ path: line.path, sha256: line.sha256 }));
    expect(seen).toContainEqual({ path: "a", sha256: sha256("whole") });
    expect(seen).toContainEqual({ path: "c", sha256: sha256("first ") });
    expect(seen).toContainEqual({ path: "c", sha256: sha256("first second") });
    expect(seen.filter(({ path }) => path.endsWith(".tmp"))).toEqual([]);
  });
});

describe("the proxy", () => {
  test("passes every byte in order, with and without delay", async () => {
    await using echo = await startEcho();
    await using proxy = await startProxy({ port: echo.port });
    for (const delayMs of [0, 30]) {
      await proxy.set({ delayMs });
      const startMs = performance.now();
      const sent = new Random(3).fill(3_000_000);
      const received = await roundTrip(proxy.port, sent);
      expect(received.equals(sent)).toBe(true);
      expect(performance.now() - startMs).toBeGreaterThan(2 * delayMs);
    }
  });

  test("resets connections, refuses new ones, and heals", async () => {
    await using echo = await startEcho();
    await using proxy = await startProxy({ port: echo.port });
    const socket = connect(proxy.port, "127.0.0.1");
    socket.write("x");
    await once(socket, "data");
    const failed = once(socket, "error").catch((error: unknown) => [error]);
    expect((await proxy.reset()).reset).toBe(1);
    expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
    await proxy.set({ connections: "refuse" });
    await expect(roundTrip(proxy.port, Buffer.from("y"))).rejects.toThrow(/ECONNRESET|without an answer/);
    await proxy.set({});
    expect((await roundTrip(proxy.port, Buffer.from("y"))).toString()).toBe("y");
  });

  test("keeps bytes back while stalled, loses them in the black hole, cuts after so many", async () => {
    await using echo = await startEcho();
    await using proxy = await startProxy({ port: echo.port });
    await proxy.set({ bytes: "stall" });
    const stalled = roundTrip(proxy.port, Buffer.from("held"));
    await expect.poll(async () => (await proxy.counts()).open).toBe(1);
    expect((await proxy.counts()).toServerBytes).toBe(0);
    await proxy.set({});
    expect((await stalled).toString()).toBe("held");
    await proxy.set({ cutAfterBytes: 100_000 });
    await expect(roundTrip(proxy.port, Buffer.alloc(1_000_000))).rejects.toThrow(/ECONNRESET|without an answer/);
    await proxy.set({ bytes: "black-hole" });
    const swallowed = connect(proxy.port, "127.0.0.1");
    swallowed.on("error", () => {});
    swallowed.write("gone");
    await expect.poll(async () => (await proxy.counts()).open).toBe(1);
    const before = (await proxy.counts()).toServerBytes;
    await proxy.set({});
    expect((await proxy.counts()).toServerBytes).toBe(before);
    swallowed.destroy();
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function copy(from: string, to: string): Promise<void> {
  const [status] = (await once(spawn("cp", ["-a", from, to], { stdio: "inherit" }), "exit")) as [number];
  if (status !== 0) throw new Error(`cp ended with ${status}`);
}

async function startEcho(): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function roundTrip(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  socket.end(bytes);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  if (pieces.length === 0) throw new Error("the connection ended without an answer");
  return Buffer.concat(pieces);
}
