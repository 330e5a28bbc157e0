import { isoMs, isoNs, pathFields } from "../../../kernel/json-fields.ts";
import type { ReceiptRow } from "../../ledger/receipts.ts";
import type { ManifestHead } from "./contract.ts";
import { MerkleTree } from "./merkle.ts";

/** A JSON object; each member is a line of its own. What is counted comes after the members, so that none need be kept. */
export function* jsonManifest(head: ManifestHead, members: Iterable<ReceiptRow>): Generator<string> {
  const tree = new MerkleTree();
  let count = 0;
  let bytes = 0;
  const { path, path_bytes: setBytes } = pathFields(head.set);
  const first = {
    format: "hotdir-manifest-1",
    flow: head.flow,
    set: path,
    ...(setBytes === undefined ? {} : { set_bytes: setBytes }),
    completed_at: isoMs(head.nowMs),
  };
  yield `${JSON.stringify(first, null, 1).slice(0, -2)},\n "members": [`;
  for (const member of members) {
    yield `${count === 0 ? "" : ","}\n  ${JSON.stringify(memberJson(member))}`;
    tree.add(member.path, member.digest?.hex ?? null);
    count++;
    bytes += member.sizeBytes ?? 0;
  }
  yield `\n ],\n "count": ${count},\n "bytes": ${bytes},\n "merkle_sha256": "${tree.root()}"\n}\n`;
}

function memberJson(member: ReceiptRow): object {
  return {
    ...pathFields(member.path),
    kind: member.kind === "link" ? "link" : "file",
    size: member.sizeBytes,
    mtime: member.mtimeNs === null ? null : isoNs(member.mtimeNs),
    algorithm: member.digest?.algorithm ?? null,
    digest: member.digest?.hex ?? null,
    basis: member.basis,
    delivered_at: isoMs(member.deliveredAtMs),
    transfer: member.transfer,
  };
}
