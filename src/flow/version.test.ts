import { mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeLedger, rel } from "../../test/support/ledger.ts";
import { makeTemporary } from "../../test/support/temporary.ts";
import { bytesOfText, type AbsPath } from "../kernel/path.ts";
import { FileOrigin } from "./fetch/file-origin.ts";
import { originVersion } from "./fetch/origin-version.ts";
import { newest, recordQueued } from "./ledger/admissions.ts";
import { sameVersion, type Version, versionOf } from "./version.ts";

test("a time that 64 bits do not hold is kept as the nearest that they do, by whichever look", async () => {
  await using ledger = await makeLedger();
  await using place = await makeTemporary();
  const root = `${place.path}/in`;
  mkdirSync(root);
  writeFileSync(`${root}/a`, "a");
  // The temporary directory may be on a file system that tells no such time: then this part tells nothing new.
  utimesSync(`${root}/a`, 13_569_465_600, 13_569_465_600);
  const stat = statSync(`${root}/a`, { bigint: true });
  const seen = await new FileOrigin(bytesOfText(root) as AbsPath).look(rel("a"));
  if (seen.kind !== "file") throw new Error(`a ${seen.kind}`);
  expect(sameVersion(seen.version, versionOf(stat))).toBe(true);

  const far = 8_639_977_881_600_000_000_000n;
  const versions: Version[] = [
    seen.version,
    versionOf({ dev: 1n, ino: 2n, size: 3n, mtimeNs: far }),
    originVersion("http", { sizeBytes: 3, mtimeNs: far }),
    originVersion("http", { sizeBytes: 3, mtimeNs: -far }),
  ];
  for (const [index, version] of versions.entries()) {
    const path = rel(`f${index}`);
    recordQueued(ledger.db, ledger.flow, { kind: "put", path, version, mode: 0o644, links: 1 }, ledger.at);
    expect(sameVersion(newest(ledger.db, ledger.flow, path)!.version!, version)).toBe(true);
  }
});
