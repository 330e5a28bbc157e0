import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeHosts, treeOf } from "../support/subscribed-hosts.ts";

test("what a message names is sent as it is by then", async () => {
  await using hosts = await makeHosts();
  hosts.start("one");
  mkdirSync(join(hosts.source, "d"));
  writeFileSync(join(hosts.source, "d/a"), "first");
  hosts.tell(hosts.seen("d"));
  hosts.tell(hosts.seen("d/a"));
  writeFileSync(join(hosts.source, "d/b"), "b");
  hosts.tell(hosts.seen("d/b"));
  symlinkSync("b", join(hosts.source, "d/l"));
  hosts.tell(hosts.seen("d/l"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["d/", "d/a: first", "d/b: b", "d/l -> b"]);
  renameSync(join(hosts.source, "d/a"), join(hosts.source, "c"));
  hosts.tell(hosts.renamed("d/a", "c"));
  rmSync(join(hosts.source, "d/l"));
  hosts.tell(hosts.seen("d/l"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(treeOf(hosts.source));
});
