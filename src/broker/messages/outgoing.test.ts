import { expect, test } from "vitest";
import type { Announced } from "../../flow/bus.ts";
import type { Change } from "../../flow/transfer.ts";
import type { PublishSettings } from "../../flow/settings.ts";
import { absPath, type Bytes, bytesOfText, relPath } from "../../kernel/path.ts";
import { digestOf } from "./identity.ts";
import { exchangesOf, outgoing } from "./outgoing.ts";
import { readBody } from "./told.ts";

const settings: PublishSettings = {
  broker: { url: "amqp://bob@hub/", credentialsFile: absPath("/c" as Bytes), caFile: null },
  exchange: "xs_bob",
  split: 1,
  topicPrefix: ["v03"],
  declare: true,
  baseUrl: "file:/hot",
  pathPrefix: "" as Bytes,
  source: null,
  headers: {},
  inlineMaxBytes: 0,
};
const path = relPath(bytesOfText("d/f.nc"));
const version = { inode: "1:2", sizeBytes: 3, mtimeNs: 1_800_000_000_000_000_000n };
const announced: Announced = {
  change: { kind: "put", path, version, mode: 0o644, links: 1 },
  digest: digestOf(Buffer.from("abc"), "sha512"),
  pubTimeNs: 1_800_000_001_000_000_000n,
  baseUrl: "file:/hot",
  content: null,
  passedOn: null,
  preserve: { mode: true, mtime: true },
};

type Sent = { exchange: string; routingKey: string; body: Buffer; fields: Record<string, unknown> };

function send(given: Partial<Announced>, how: Partial<PublishSettings> = {}): Sent {
  const sent = outgoing({ ...announced, ...given }, { ...settings, ...how }, "bob");
  if (!sent.ok) throw new Error(sent.detail);
  return { ...sent, fields: JSON.parse(sent.body.toString("ascii")) as Record<string, unknown> };
}

const received = (more: object = {}): Buffer => {
  const { fields } = send({}, { source: "ada", baseUrl: "sftp://far" });
  return Buffer.from(JSON.stringify({ ...fields, baseUrl: "sftp://far", unknown: { deep: [1] }, rename: "e/f.nc", ...more }));
};

test("a new message names the user as its source, unless another is asked for, and goes by the directories of its path", () => {
  expect(send({})).toMatchObject({ exchange: "xs_bob", routingKey: "v03.d", fields: { source: "bob", relPath: "d/f.nc" } });
  expect(send({}, { source: "eve", headers: { project: "p1", relPath: "/etc/passwd" } }).fields).toMatchObject({
    source: "eve",
    project: "p1",
    relPath: "d/f.nc",
  });
});

test("a message that is passed on keeps its time and what nobody here knows, and gets the new place", () => {
  const { fields } = send({ passedOn: received(), baseUrl: "sftp://near", digest: null }, { headers: { via: "us" } });
  expect(fields).toMatchObject({ baseUrl: "sftp://near", unknown: { deep: [1] }, source: "bob", via: "us", size: 3 });
  expect(fields["pubTime"]).toBe(send({}).fields["pubTime"]);
  // Under its new base it has the name that was asked for.
  expect(fields).not.toHaveProperty("rename");
  expect(send({ passedOn: received(), baseUrl: "sftp://far" }).fields).toMatchObject({ rename: "e/f.nc" });
});

test("what a message said of a file that has changed since is not said again", () => {
  const content = { encoding: "utf-8", value: "abc" };
  const now = { ...version, sizeBytes: 7, mtimeNs: version.mtimeNs + 5_000_000_000n };
  const changed = { ...announced.change, version: now } as Announced["change"];
  const digest = digestOf(Buffer.from("changed"), "sha512");
  const { fields } = send({ passedOn: received({ content }), change: changed, digest });
  expect(fields).toMatchObject({ size: 7, unknown: { deep: [1] }, identity: { value: Buffer.from(digest.hex, "hex").toString("base64") } });
  expect(fields).not.toHaveProperty("content");
  // It is another change, and so another message; what is still true stays the one that it was.
  const ownPubTimeNs = 1_830_340_800_000_000_000n;
  expect(send({ passedOn: received({ content }), change: changed, digest, ownPubTimeNs }).fields["pubTime"]).toBe("20280101T120000");
  const still = send({ passedOn: received(), digest: digestOf(Buffer.from("abc"), "sha512"), ownPubTimeNs });
  expect(still.fields["pubTime"]).toBe(send({ passedOn: received() }).fields["pubTime"]);
  // Of the same length, told apart by the digest.
  const same = send({ passedOn: received(), digest: digestOf(Buffer.from("abd"), "sha512") });
  expect(same.fields["identity"]).not.toEqual(send({}).fields["identity"]);
  // It is gone by now.
  expect(send({ passedOn: received({ content }), change: { kind: "delete", path }, digest: null }).fields).toMatchObject({
    fileOp: { remove: "" },
    unknown: { deep: [1] },
  });
});

test("a directory whose old name cannot be told is passed on as it came, and announced as made where it was delivered", () => {
  const change: Change = { kind: "mkdir", path, mode: 0o755 };
  const fileOp = { directory: "", rename: "some/where/d1" };
  const body = Buffer.from(JSON.stringify({ pubTime: "20270101T120000.5", relPath: "d/f.nc", baseUrl: "sftp://far", fileOp }));
  expect(send({ passedOn: body, change, baseUrl: "sftp://far" }).fields["fileOp"]).toEqual(fileOp);
  expect(send({ passedOn: body, change }).fields["fileOp"]).toEqual({ directory: "" });
  expect(readBody(body)).toMatchObject({ allBelow: true, change });
});

test("a hard link is announced from another place as the file that it is, and passed on as it came", () => {
  const fileOp = { hlink: "/hot/other" };
  expect(send({ passedOn: received({ fileOp }) }).fields).not.toHaveProperty("fileOp");
  expect(send({ passedOn: received({ fileOp }), baseUrl: "sftp://far" }).fields).toMatchObject({ fileOp });
});

test("a time that was a floating-point number on its way is still the same time", () => {
  const near = { ...announced.change, version: { ...version, mtimeNs: version.mtimeNs + 300n } } as Announced["change"];
  const { fields } = send({ passedOn: received(), change: near, digest: digestOf(Buffer.from("abc"), "blake2b") });
  expect(fields).not.toHaveProperty("hotdir_digest");
  expect(fields["identity"]).toEqual(send({}).fields["identity"]);
});

test("a split exchange is chosen by the content, and each that can be chosen is among those that are made", () => {
  const split = { split: 3, exchange: "xs_bob" };
  expect(exchangesOf(split)).toEqual(["xs_bob00", "xs_bob01", "xs_bob02"]);
  const used = new Set<string>();
  for (let at = 0; at < 60; at += 1) {
    const digest = digestOf(Buffer.from(String(at)), "sha512");
    const { exchange } = send({ digest }, split);
    expect(send({ digest, change: { ...announced.change, path: relPath(bytesOfText("other")) } }, split).exchange).toBe(exchange);
    used.add(exchange);
  }
  expect([...used].sort()).toEqual(exchangesOf(split));
  // As sr3's Python counts: the sum of the characters of the identity's value, here 65 + 65 + 61 + 61 = 252.
  const sum = send({ digest: null, change: { kind: "delete", path: relPath("AA==" as Bytes) } }, split);
  expect(sum.exchange).toBe("xs_bob00");
});

test("content that leaves no room in the message stays out of it, and the message goes", () => {
  const content = Buffer.alloc(400_000, 1);
  const { body, fields } = send({ content });
  expect(body.byteLength).toBeLessThan(1024 * 1024);
  expect(fields).not.toHaveProperty("content");
  expect(send({ content: Buffer.from("abc") }).fields).toMatchObject({ content: { encoding: "utf-8", value: "abc" } });
});

test("what is sent is read as the same change", () => {
  const told = readBody(send({ content: Buffer.from("abc") }).body);
  expect(told).toMatchObject({
    baseUrl: "file:/hot",
    pubTimeNs: announced.pubTimeNs,
    sizeKnown: true,
    source: "bob",
    digest: announced.digest,
  });
  expect(told?.content?.toString()).toBe("abc");
  expect(told?.change).toMatchObject({ kind: "put", path, mode: 0o644, version: { sizeBytes: 3, mtimeNs: version.mtimeNs } });
  // Where the sender wants it is not where the sender has it.
  expect(readBody(received())?.change.path).toBe(path);
  expect(readBody(Buffer.from("{}"))).toBeNull();
});
