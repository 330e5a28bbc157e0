import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../flow/transfer.ts";
import { bytesOf, bytesOfText, isRelPath, relPath, type RelPath } from "../../kernel/path.ts";
import { changeOf } from "./change.ts";
import { decodeMessage } from "./decode.ts";
import { type Announcement, fieldsOf, reannounced, wireMessage } from "./encode.ts";
import { digestOf } from "./identity.ts";
import { writeJson } from "./json-text.ts";

const at = (text: string): RelPath => relPath(bytesOfText(text));
const version = { inode: "1:2", sizeBytes: 5, mtimeNs: 1_798_804_799_250_000_000n };
const about = { pubTimeNs: 1_798_804_800_500_000_000n, baseUrl: "file:/home/ada/hot", source: "ada" };
const digest = digestOf(Buffer.from("hello"), "sha512");
const sum = Buffer.from(digest.hex, "hex").toString("base64");

const bodyOf = (announcement: Announcement): string => wireMessage(fieldsOf(announcement), announcement.change.path).body.toString("ascii");

test("a file is announced byte for byte as sr3's watch announces it", () => {
  const change: Change = { kind: "put", path: at("run/é.nc"), version, mode: 0o644, links: 1 };
  expect(bodyOf({ ...about, change, digest, contentType: "text/plain" })).toBe(
    `{"pubTime": "20270101T120000.5", "relPath": "run/\\u00e9.nc", "baseUrl": "file:/home/ada/hot", "source": "ada", "mode": "644", "size": 5, "mtime": "20270101T115959.25", "atime": "20270101T115959.25", "identity": {"method": "sha512", "value": "${sum}"}, "contentType": "text/plain"}`,
  );
});

test("so is each other change", () => {
  const common = '"pubTime": "20270101T120000.5", "JOBID": "7", "relPath": "d/x", "baseUrl": "file:/home/ada/hot", "source": "ada"';
  const headers = { JOBID: "7", relPath: "/etc" };
  const says = (change: Change): string => bodyOf({ ...about, change, headers });
  expect(says({ kind: "link", path: at("d/x"), version, target: bytesOfText("../t") })).toBe(`{${common}, "fileOp": {"link": "../t"}}`);
  expect(says({ kind: "delete", path: at("d/x") })).toBe(`{${common}, "fileOp": {"remove": ""}}`);
  expect(says({ kind: "rmdir", path: at("d/x") })).toBe(`{${common}, "fileOp": {"remove": "", "directory": ""}}`);
  expect(says({ kind: "mkdir", path: at("d/x"), mode: 0o755 })).toBe(
    `{${common}, "mode": "755", "fileOp": {"directory": ""}, "contentType": "text/directory"}`,
  );
  expect(says({ kind: "rename", path: at("d/x"), from: at("d/y"), directory: true, version: null, mode: 0o755 })).toBe(
    `{${common}, "mode": "755", "fileOp": {"directory": "", "rename": "/home/ada/hot/d/y"}}`,
  );
  expect(says({ kind: "rename", path: at("d/x"), from: at("y"), directory: false, version, mode: 0o600 })).toMatch(
    /"mode": "600", "size": 5, .*"contentType": "application\/octet-stream", "fileOp": \{"rename": "\/home\/ada\/hot\/y"\}\}$/,
  );
});

test("the routing key and the properties are sr3's", () => {
  const change: Change = { kind: "delete", path: at("a#/b/x") };
  expect(wireMessage(fieldsOf({ ...about, change }), change.path)).toMatchObject({
    routingKey: "v03.a%23.b",
    properties: { contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 2, headers: {} },
  });
});

test("a digest that sr3 does not know travels beside the identity", () => {
  const change: Change = { kind: "put", path: at("x"), version, mode: 0o644, links: 1 };
  const sha256 = digestOf(Buffer.from("hello"), "sha256");
  const body = bodyOf({ ...about, change, digest: sha256 });
  expect(body).not.toContain("identity");
  const decoded = decodeMessage({ contentType: "application/json", body: Buffer.from(body) });
  expect(decoded).toMatchObject({ ok: true, message: { operation: { digest: sha256 } } });
});

test("every change comes back from the wire as it was, whatever the bytes of its names", { timeout: 30_000 }, () => {
  const names = fc.uint8Array({ minLength: 1, maxLength: 20 }).map(bytesOf).filter(isRelPath);
  const paths = fc
    .array(names, { minLength: 1, maxLength: 4 })
    .map((list) => list.join("/") as RelPath)
    .filter((path) => !path.includes("%"));
  const modes = fc.integer({ min: 0, max: 0o7777 });
  const changes: fc.Arbitrary<Change> = fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      path: paths,
      version: fc.constant({ ...version, inode: `sha512:${digest.hex}` }),
      mode: fc.integer({ min: 0, max: 0o1777 }),
      links: fc.constant(1),
    }),
    fc.record({ kind: fc.constant("mkdir" as const), path: paths, mode: modes }),
    fc.record({ kind: fc.constantFrom("delete" as const, "rmdir" as const), path: paths }),
    fc
      .record({
        kind: fc.constant("rename" as const),
        path: paths,
        from: paths,
        directory: fc.constant(true),
        version: fc.constant(null),
        mode: modes,
      })
      .filter(({ path, from }) => path !== from),
  );
  fc.assert(
    fc.property(changes, fc.constantFrom("file:/home/ada/hot", "file:", "file:/", "sftp://hpfx/~/in"), (change, baseUrl) => {
      const { body } = wireMessage(fieldsOf({ ...about, baseUrl, change, digest }), change.path);
      const decoded = decodeMessage({ contentType: "application/json", body });
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusal));
      const back = changeOf(decoded.message);
      expect(back).toEqual({ ok: true, sizeKnown: true, change });
    }),
    { numRuns: 1000 },
  );
});

test("announced again, a message keeps its time, its operation and what nobody knows, in their places", () => {
  const body = `{"pubTime": "20270101T120000.5", "X": 1.0, "relPath": "a/l", "baseUrl": "file:/home/ada/hot", "source": "ada", "fileOp": {"link": "t"}, "zz": [null]}`;
  const decoded = decodeMessage({ contentType: "application/json", body: Buffer.from(body) });
  if (!decoded.ok) throw new Error("refused");
  expect(writeJson(reannounced(decoded.message, { baseUrl: "sftp://hpfx", relPath: at("b/l"), source: "pas" }))).toBe(
    `{"pubTime": "20270101T120000.5", "X": 1.0, "relPath": "b/l", "baseUrl": "sftp://hpfx", "source": "pas", "fileOp": {"link": "t"}, "zz": [null], "contentType": "text/link"}`,
  );
});
