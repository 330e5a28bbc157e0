import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { changeOf } from "./change.ts";
import { decodeMessage } from "./decode.ts";
import { writeJson } from "./json-text.ts";
import type { Message } from "./message.ts";
import { type MessageRefusal, refusalText } from "./refusal.ts";

const sum = createHash("sha512").update("hello").digest("base64");
const bare = { pubTime: "20270101T120000.5", relPath: "run/1.nc", baseUrl: "file:/home/ada/hot", source: "ada" };
const file = {
  ...bare,
  mode: "640",
  size: 5,
  mtime: "20270101T115959",
  atime: "20270101T115959",
  identity: { method: "sha512", value: sum },
  contentType: "text/plain",
};

function decode(fields: unknown, contentType = "application/json"): Message {
  const decoded = decodeMessage({ contentType, body: Buffer.from(typeof fields === "string" ? fields : writeJson(fields)) });
  if (!decoded.ok) throw new Error(refusalText(decoded.refusal));
  return decoded.message;
}

function refusal(fields: unknown, contentType: string | undefined = "application/json"): MessageRefusal {
  const decoded = decodeMessage({ contentType, body: Buffer.from(typeof fields === "string" ? fields : writeJson(fields)) });
  if (decoded.ok) throw new Error("it was understood");
  return decoded.refusal;
}

test("a file's message says all that a change needs, and leaves as it came", () => {
  const message = decode({ ...file, JOBID: "42", geometry: { type: "Point", coordinates: [1.5, 2] } });
  expect(changeOf(message)).toMatchObject({
    sizeKnown: true,
    change: { kind: "put", path: "run/1.nc", mode: 0o640, version: { sizeBytes: 5, mtimeNs: 1_798_804_799_000_000_000n } },
  });
  expect(writeJson(message.fields)).toBe(writeJson({ ...file, JOBID: "42", geometry: { type: "Point", coordinates: [1.5, 2] } }));
});

test("the shim library's messages are read: blanks, sizes as text, its two escapes, trailing blanks", () => {
  const message = decode(
    '{ "pubTime" : "20270101T120000.72309046", "baseUrl" : "file:/", "relPath" : "lab/a%20b%23c%2e/new.txt", "source" : "ada", "size" : "6", "mtime" : "20270101T115959", "mode" : "644", "fileOp": { "rename":"old.txt" } }  \n',
  );
  expect(changeOf(message)).toMatchObject({
    change: { kind: "rename", path: "lab/a b#c%2e/new.txt", from: "lab/a b#c%2e/old.txt", version: { sizeBytes: 6 } },
  });
});

test("each operation is told from its fileOp", () => {
  const changes = [
    { ...bare, fileOp: { link: "../x" } },
    { ...bare, fileOp: { remove: "" } },
    { ...bare, fileOp: { remove: "" }, newname: "/home/ada/hot/elsewhere" },
    { ...bare, fileOp: { remove: "", directory: "" } },
    { ...bare, mode: "1777", fileOp: { directory: "" } },
    { ...bare, fileOp: { directory: "", rename: "/home/ada/hot/d1" } },
    { ...file, fileOp: { rename: "/home/ada/hot/d1/0.nc" } },
    { ...bare, fileOp: { directory: "", rename: "some/where/d1" } },
    { ...file, fileOp: { hlink: "/home/ada/hot/run/0.nc" } },
    { ...bare, fileOp: { hlink: "../../etc/passwd" } },
  ].map((fields) => changeOf(decode(fields)));
  expect(changes).toMatchObject([
    { change: { kind: "link", target: "../x" } },
    { change: { kind: "delete" } },
    { change: { kind: "rmdir" } },
    { change: { kind: "rmdir" } },
    { change: { kind: "mkdir", mode: 0o1777 } },
    { change: { kind: "rename", from: "d1", directory: true, version: null } },
    { change: { kind: "rename", from: "d1/0.nc", directory: false } },
    { change: { kind: "mkdir", path: "run/1.nc" } },
    { change: { kind: "put", path: "run/1.nc" }, sizeKnown: true },
    { change: { kind: "put", path: "run/1.nc" }, sizeKnown: false },
  ]);
});

test("no message makes a file that runs as its owner or its group; a directory hands on its group as it is told", () => {
  expect(changeOf(decode({ ...file, mode: "6755" }))).toMatchObject({ change: { kind: "put", mode: 0o755 } });
  expect(changeOf(decode({ ...file, mode: "4755", fileOp: { rename: "old" } }))).toMatchObject({ change: { kind: "rename", mode: 0o755 } });
  expect(changeOf(decode({ ...bare, mode: "2775", fileOp: { directory: "" } }))).toMatchObject({ change: { kind: "mkdir", mode: 0o2775 } });
});

test("a file whose old name cannot be told is sent, not renamed", () => {
  const from = (baseUrl: string, rename: string): unknown => {
    const made = changeOf(decode({ ...file, baseUrl, fileOp: { rename } }));
    return made.ok && made.change.kind === "rename" ? made.change.from : made.ok ? made.change.kind : made.refusal.refused;
  };
  expect(from("file:/home/ada/hot", "/elsewhere/x")).toBe("put");
  expect(from("file:/home/ada/hot", "/home/ada/hot/../../x")).toBe("put");
  expect(from("file:/home/ada/hot", "some/where/x")).toBe("put");
  expect(from("file:/home/ada/hot", "/home/ada/hot/run/1.nc")).toBe("put");
  expect(from("sftp://hpfx", "/home/ada/hot/x")).toBe("put");
  expect(from("sftp://hpfx/~/hot", "/~/hot/x")).toBe("x");
  expect(from("file:", "/x/y")).toBe("x/y");
  expect(from("file:/home/ada/hot", "./x")).toBe("run/x");
});

test("a message that is not ours to act upon is refused with its reason", () => {
  expect(refusal(file, "text/plain")).toEqual({ refused: "unknown-format", contentType: "text/plain" });
  expect(refusal("{")).toMatchObject({ refused: "not-json" });
  expect(refusal("[1]")).toMatchObject({ refused: "not-json" });
  expect(refusal(`{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).toMatchObject({ refused: "not-json" });
  expect(decodeMessage({ contentType: "application/json", body: Buffer.from([0x7b, 0xff]) })).toMatchObject({
    refusal: { refused: "not-json" },
  });
  expect(refusal({ ...file, more: "x".repeat(1024 * 1024) })).toMatchObject({ refused: "too-large" });
  for (const field of ["pubTime", "relPath", "baseUrl"])
    expect(refusal({ ...file, [field]: undefined })).toMatchObject({ refused: "bad-field", field });
  expect(refusal({ ...file, size: -1 })).toMatchObject({ refused: "bad-field", field: "size" });
  expect(refusal({ ...file, size: 1e300 })).toMatchObject({ refused: "bad-field", field: "size" });
  expect(refusal({ ...file, mode: "rwx" })).toMatchObject({ refused: "bad-field", field: "mode" });
  expect(refusal({ ...file, mtime: "yesterday" })).toMatchObject({ refused: "bad-field", field: "mtime" });
  expect(refusal({ ...file, relPath: "../x" })).toEqual({ refused: "unsafe-path", field: "relPath", fault: "leaves-the-base" });
  expect(refusal({ ...file, rename: "a/../../x" })).toMatchObject({ refused: "unsafe-path", field: "rename" });
  expect(refusal({ ...file, identity: { method: "sha512", value: "short" } })).toMatchObject({ refused: "bad-digest" });
  expect(refusal({ ...file, hotdir_digest: "sha256:zz" })).toMatchObject({ refused: "bad-digest" });
  expect(refusal({ ...file, fileOp: { explode: "" } })).toMatchObject({ refused: "bad-field" });
  expect(refusal({ ...file, fileOp: { link: "a", remove: "" } })).toMatchObject({ refused: "unsupported" });
  expect(refusal({ ...file, fileOp: { link: "a\0b" } })).toMatchObject({ refused: "unsafe-path", field: "fileOp.link" });
  expect(changeOf(decode({ ...file, size: 50, blocks: { method: "inplace", size: 10 } }))).toMatchObject({ ok: false });
});

test("inline content must be what the message says it is", () => {
  expect(decode({ ...file, content: { encoding: "utf-8", value: "hello" } }).operation).toMatchObject({ content: Buffer.from("hello") });
  expect(decode({ ...file, content: { encoding: "base64", value: "aGVsbG8=" } }).operation).toMatchObject({
    content: Buffer.from("hello"),
  });
  expect(refusal({ ...file, content: { encoding: "utf-8", value: "hullo" } })).toEqual({ refused: "wrong-content", detail: "digest" });
  expect(refusal({ ...file, content: { encoding: "utf-8", value: "hell" } })).toEqual({ refused: "wrong-content", detail: "size" });
});

test("times of other ages are taken for the nearest that a ledger holds, and go on as they came", () => {
  const held = (ns: bigint): boolean => BigInt.asIntN(64, ns) === ns;
  for (const year of ["9999", "0001"]) {
    const message = decode({ ...file, pubTime: `${year}0101T120000.5`, mtime: `${year}0101T115959` });
    const { change } = changeOf(message) as { change: { version: { mtimeNs: bigint } } };
    expect([message.pubTimeNs, change.version.mtimeNs].map(held)).toEqual([true, true]);
    expect(message.fields).toMatchObject({ pubTime: `${year}0101T120000.5`, mtime: `${year}0101T115959` });
  }
});

test("nothing that arrives makes us throw, and each refusal can be told", { timeout: 30_000 }, () => {
  const any = fc.anything({ withNullPrototype: false, maxDepth: 3 }).map((value) => JSON.stringify(value) ?? "");
  const nearly = fc
    .record(
      Object.fromEntries(
        Object.keys({ ...file, fileOp: 0, content: 0, blocks: 0, rename: 0, newname: 0 }).map((key) => [
          key,
          fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined }),
        ]),
      ),
    )
    .map((odd) => writeJson({ ...file, ...Object.fromEntries(Object.entries(odd).filter(([, value]) => value !== undefined)) }));
  const bytes = fc.uint8Array({ maxLength: 60 });
  let understood = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(any, nearly, bytes), (body) => {
      const decoded = decodeMessage({ contentType: "application/json", body: Buffer.from(body as string) });
      if (decoded.ok) understood += 1;
      else refused += 1;
      const text = decoded.ok ? (changeOf(decoded.message), "") : refusalText(decoded.refusal);
      expect(text).not.toContain("undefined");
    }),
    { numRuns: 2000 },
  );
  expect(understood + refused).toBe(2000);
  expect(refused).toBeGreaterThan(0);
});
