import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Origin } from "../../src/flow/fetch/contract.ts";
import type { Origins } from "../../src/flow/fetch/origins.ts";
import { makeOrigins } from "../support/origins.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { startWebServer, type WebServer } from "../support/web-server.ts";
import { bytesOf, describeOrigin, expectCode, fetchWhole, rel } from "./origin.ts";

const never = new AbortController().signal;
const options = { from: null, compared: false, windowBytes: 1024 * 1024 };
const long = randomBytes(1_000_000);

describeOrigin("a web server", { directories: false, links: false, modes: false }, async (directory) => {
  const server = await startWebServer(directory);
  const origins = makeOrigins();
  return {
    origins,
    baseUrl: server.url,
    async [Symbol.asyncDispose]() {
      await origins[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});

describe("a web server that does not do as it should", () => {
  let temporary: Temporary;
  let server: WebServer;
  let origins: Origins;
  let origin: Origin;
  beforeEach(async () => {
    temporary = await makeTemporary();
    writeFileSync(`${temporary.path}/long`, long);
    utimesSync(`${temporary.path}/long`, 1_500_000_000, 1_500_000_000);
    server = await startWebServer(temporary.path);
    origins = makeOrigins({ stallMs: 700 });
    origin = origins.at(server.url);
  });
  afterEach(async () => {
    await origins[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await temporary[Symbol.asyncDispose]();
  });

  it.each([
    [404, "source-gone"],
    [410, "source-gone"],
    [401, "source-unreadable"],
    [403, "source-unreadable"],
    [500, "source-unreadable"],
    [429, "origin-unreachable"],
    [503, "origin-unreachable"],
    [302, "source-unreadable"],
  ] as const)("says %i: %s", async (status, code) => {
    server.lies = { status };
    const error = await expectCode(code, () => fetchWhole(origin, "long"));
    expect(error.message).toContain(`HTTP ${status}`);
  });

  it("cuts in the middle", async () => {
    server.lies = { cutAfter: 300_000 };
    await expectCode("origin-cut", () => fetchWhole(origin, "long"));
    server.lies = { cutAfter: 300_000, chunked: true };
    await expectCode("origin-cut", () => fetchWhole(origin, "long"));
  });

  it("tells a wrong length", async () => {
    server.lies = { lengthOff: 5 };
    await expectCode("origin-cut", () => fetchWhole(origin, "long"));
  });

  it("does not tell where a file ends: nobody could know a broken connection from it", async () => {
    server.lies = { untilClose: true };
    await expectCode("origin-cut", () => fetchWhole(origin, "long"));
  });

  it("tells no length, and where the file ends: that will do", async () => {
    server.lies = { chunked: true };
    await using file = await origin.open(rel("long"), options, never);
    expect(file.sizeBytes).toBeNull();
    expect((await bytesOf(file)).equals(long)).toBe(true);
  });

  it("stops in the middle and stays, or never answers: time counts while nothing comes", async () => {
    server.lies = { stuckAfter: 1000 };
    expect((await expectCode("origin-cut", () => fetchWhole(origin, "long"))).message).toContain("nothing came for 0.7 s");
    server.lies = { silent: true };
    await expectCode("origin-unreachable", () => fetchWhole(origin, "long"));
  });

  it("answers in another protocol: that is no answer, and nobody waits for one", async () => {
    const other = createServer((socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n"));
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const error = await expectCode("origin-unreachable", () => fetchWhole(origins.at(`http://127.0.0.1:${port}`), "long"));
    expect(error.message).toContain("it ended without an answer");
    await new Promise((resolve) => other.close(resolve));
  });

  it("drips, slower than the time limit as a whole: what moves is not late", async () => {
    writeFileSync(`${temporary.path}/drip`, "a".repeat(30));
    server.lies = { dripMs: 50 };
    expect((await fetchWhole(origin, "drip")).length).toBe(30);
  });

  it("is not taken for stalled while it is us who do not read", async () => {
    await using file = await origin.open(rel("long"), options, never);
    const chunks: Buffer[] = [];
    for await (const chunk of file.chunks) {
      if (chunks.length === 0) await new Promise((resolve) => setTimeout(resolve, 900));
      chunks.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(chunks).equals(long)).toBe(true);
  });

  it("gives another version to a range: it is not mixed with what came before", async () => {
    await using first = await origin.open(rel("long"), options, never);
    await first[Symbol.asyncDispose]();
    const from = { offset: 500_000, version: first.version };
    server.lies = { restless: true };
    await expectCode("source-changed", () => origin.open(rel("long"), { ...options, from }, never));
  });

  it("understands no ranges, or tells nothing to hold it to: the whole comes again", async () => {
    for (const lies of [{ noRanges: true }, { noVersion: true }]) {
      server.lies = lies;
      await using first = await origin.open(rel("long"), options, never);
      await first[Symbol.asyncDispose]();
      await using again = await origin.open(rel("long"), { ...options, from: { offset: 500_000, version: first.version } }, never);
      expect(again.offset).toBe(0);
      expect((await bytesOf(again)).equals(long)).toBe(true);
    }
  });

  it("has only a date to hold it to: that does where it is a minute old, and not for a file that was just written", async () => {
    server.lies = { noTag: true };
    const offsets: number[] = [];
    for (const mtimeS of [1_500_000_000, Date.now() / 1000]) {
      utimesSync(`${temporary.path}/long`, mtimeS, mtimeS);
      await using first = await origin.open(rel("long"), options, never);
      await first[Symbol.asyncDispose]();
      await using again = await origin.open(rel("long"), { ...options, from: { offset: 500_000, version: first.version } }, never);
      offsets.push(again.offset);
      expect((await bytesOf(again)).equals(long.subarray(again.offset))).toBe(true);
    }
    expect(offsets).toEqual([500_000, 0]);
    expect(server.requests.find(({ headers }) => headers.range !== undefined)?.headers["if-unmodified-since"]).toBe(
      new Date(1_500_000_000_000).toUTCString(),
    );
  });

  it("sends a file packed, which was not asked for", async () => {
    server.lies = { encoding: "gzip" };
    await expectCode("origin-differs", () => fetchWhole(origin, "long"));
  });

  it("takes no HEAD: it is asked otherwise", async () => {
    server.lies = { noHead: true };
    expect(await origin.look(rel("long"))).toMatchObject({ kind: "file", version: { sizeBytes: long.length } });
  });

  it.each(["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "javascript:1", "http://[::bad"])(
    "leads to %s",
    async (redirect) => {
      server.lies = { redirect };
      await expectCode("origin-unusable", () => fetchWhole(origin, "long"));
    },
  );

  it("leads in a circle", async () => {
    server.lies = { redirect: "/long" };
    await expectCode("origin-unusable", () => fetchWhole(origin, "long"));
    expect(server.requests.length).toBeLessThan(10);
  });

  it("leads to another server, which is told no password that it is not to have", async () => {
    await using other = await startWebServer(temporary.path);
    await using authorized = makeOrigins({ authorize: async (url) => (server.url.endsWith(url.host) ? "Basic c2VjcmV0" : null) });
    server.lies = { redirect: `http://user:word@${other.url.slice("http://".length)}/long` };
    expect((await fetchWhole(authorized.at(server.url), "long")).equals(long)).toBe(true);
    expect(server.requests[0]?.headers.authorization).toBe("Basic c2VjcmV0");
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual(other.requests.map(() => undefined));
  });

  it("is not there: it is left alone for a while", async () => {
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const away = origins.at(url);
    await expectCode("origin-unreachable", () => fetchWhole(away, "long"));
    await expectCode("origin-unreachable", () => fetchWhole(away, "long"));
  });
});

describe("a web server with a certificate", () => {
  let temporary: Temporary;
  let server: WebServer;
  let cert: string;
  beforeAll(async () => {
    temporary = await makeTemporary();
    const [keyFile, certFile] = [`${temporary.path}/key`, `${temporary.path}/cert`];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
    execFileSync("openssl", ["req", "-x509", ...key, "-out", certFile, "-days", "2", ...subject], { stdio: "ignore" });
    cert = readFileSync(certFile, "utf8");
    writeFileSync(`${temporary.path}/a`, "in private");
    server = await startWebServer(temporary.path, { key: readFileSync(keyFile, "utf8"), cert });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await temporary[Symbol.asyncDispose]();
  });

  it("is believed where an authority vouches for it, and only there", async () => {
    await using origins = makeOrigins({ ca: cert });
    expect((await fetchWhole(origins.at(server.url), "a")).toString()).toBe("in private");
    await using strangers = makeOrigins();
    const error = await expectCode("origin-unreachable", () => fetchWhole(strangers.at(server.url), "a"));
    expect(error.message).toMatch(/certificate/i);
  });

  it("does not lead away from https", async () => {
    await using plain = await startWebServer(temporary.path);
    await using origins = makeOrigins({ ca: cert });
    server.lies = { redirect: `${plain.url}/a` };
    await expectCode("origin-unusable", () => fetchWhole(origins.at(server.url), "a"));
    server.lies = {};
  });
});
