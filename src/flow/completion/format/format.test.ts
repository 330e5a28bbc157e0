import { createHash } from "node:crypto";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { rel } from "../../../../test/support/ledger.ts";
import { bufferOf, type RelPath } from "../../../kernel/path.ts";
import type { ReceiptRow } from "../../ledger/receipts.ts";
import type { ManifestHead } from "./contract.ts";
import { jsonManifest } from "./json.ts";
import { MerkleTree } from "./merkle.ts";
import { sumsManifest } from "./sums.ts";
import { suprsyncManifest } from "./suprsync.ts";

const head: ManifestHead = {
  flow: "to_daq",
  set: rel("16750"),
  timecode: 16750,
  nowMs: 1_686_152_766_000,
  finalizedUntilS: () => 1_686_152_700.25,
  membersElsewhere: [],
  instance: "smurf-sync-srv20",
  archive: "smurf",
  algorithm: "sha256",
};

function member(path: string, changes: Partial<ReceiptRow> = {}): ReceiptRow {
  const digest = { algorithm: "sha256", hex: createHash("sha256").update(path).digest("hex") } as const;
  const proved = { basis: "digest", digest, durable: true, method: "sent", deliveredAtMs: 1000, transfer: 7 };
  return { flow: "to_daq", path: path as RelPath, kind: "put", sizeBytes: 3, mtimeNs: 5n, ...proved, ...changes };
}

const textOf = (pieces: Iterable<string | Buffer>): string =>
  Buffer.concat([...pieces].map((piece) => Buffer.from(piece as string))).toString("latin1");

test("a finalization file has SupRsync's keys in PyYAML's order and forms", () => {
  const members = ["16750/top.g3", "16750/crate1/a", "16750/crate1/b/c", "16750/1686152766/x", "16750/no/y", "16750/2023-06-07/z"];
  expect(
    textOf(
      suprsyncManifest(
        head,
        members.map((path) => member(path)),
      ),
    ),
  ).toBe(
    [
      "archive_name: smurf",
      "finalized_at: 1686152766.0",
      "finalized_until: 1686152700.25",
      "instance_id: smurf-sync-srv20",
      "num_files: 6",
      "subdirs:",
      "- '1686152766'",
      "- '2023-06-07'",
      "- crate1",
      "- 'no'",
      "timecode: 16750",
      "",
    ].join("\n"),
  );
});

test("a set without sub-directories, and strange names in a finalization file, are still YAML", () => {
  const strange = { ...head, archive: "a: b #c\n", instance: "0x10" };
  const read = parse(textOf(suprsyncManifest(strange, [member("16750/a")])), { version: "1.1" }) as object;
  expect(read).toMatchObject({ archive_name: "a: b #c\n", instance_id: "0x10", subdirs: [], num_files: 1 });
});

test("sums are lines for the tool, and what it cannot check is a comment", () => {
  const link = member("16750/link", { kind: "link", digest: null });
  const other = member("16750/other", { digest: { algorithm: "md5", hex: "00" } });
  const [plain, newline] = [member("16750/a b"), member("16750/new\nline")];
  expect(textOf(sumsManifest(head, [plain, link, newline, other]))).toBe(
    `${plain.digest!.hex}  16750/a b\n# a symbolic link: 16750/link\n\\${newline.digest!.hex}  16750/new\\nline\n# md5 00: 16750/other\n`,
  );
});

test("the JSON manifest is one object, of no member and of many, and tells the root over them", () => {
  for (const count of [0, 1, 5]) {
    const members = Array.from({ length: count }, (_, index) => member(`16750/f${index}`));
    const read = JSON.parse(textOf(jsonManifest(head, members))) as {
      members: object[];
      count: number;
      bytes: number;
      merkle_sha256: string;
    };
    expect([read.count, read.members.length, read.bytes]).toEqual([count, count, count * 3]);
    expect(read.merkle_sha256).toBe(rootOf(members));
  }
});

test("the root is that of RFC 6962, for any number of leaves, and another one for any other order, path or digest", () => {
  const leaves = Array.from({ length: 40 }, (_, index) => member(`p${index}`));
  for (let count = 0; count <= leaves.length; count++) {
    const tree = new MerkleTree();
    for (const { path, digest } of leaves.slice(0, count)) tree.add(path, digest!.hex);
    expect(tree.root(), `${count} leaves`).toBe(rootOf(leaves.slice(0, count)));
  }
  const variants = [leaves, leaves.toReversed(), [member("p"), ...leaves.slice(1)], [member("p0", { digest: null }), ...leaves.slice(1)]];
  expect(new Set(variants.map(rootOf)).size).toBe(4);
});

/** As the RFC says it, from the top: split at the largest power of two below the number of leaves. */
function rootOf(leaves: ReceiptRow[]): string {
  const hash = (...parts: Array<Buffer | number[]>): Buffer => {
    const made = createHash("sha256");
    for (const part of parts) made.update(Buffer.from(part));
    return made.digest();
  };
  const tree = (of: ReceiptRow[]): Buffer => {
    if (of.length === 1) return hash([0], bufferOf(of[0]!.path), [0], Buffer.from(of[0]!.digest?.hex ?? "", "hex"));
    const split = 2 ** Math.floor(Math.log2(of.length - 1));
    return hash([1], tree(of.slice(0, split)), tree(of.slice(split)));
  };
  return leaves.length === 0 ? hash().toString("hex") : tree(leaves).toString("hex");
}
