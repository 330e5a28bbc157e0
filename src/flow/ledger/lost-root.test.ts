import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath } from "../../kernel/path.ts";
import { openForWriting } from "./database.ts";
import { halt, haltReason, registerFlow, release } from "./flows.ts";
import { findRoot, haltForPerson, loseRoot } from "./lost-root.ts";

async function makeLedger(): Promise<AsyncDisposable & { db: ReturnType<typeof openForWriting>; flow: number }> {
  const temporary = await makeTemporary();
  const db = openForWriting(temporary.path);
  const flow = registerFlow(db, { name: "hot", root: "/source" as AbsPath, destination: "file:/d" });
  return {
    db,
    flow,
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

test("a lost root is a halt for all to see, and none that needs a person; the root that is back ends it", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  loseRoot(db, flow, "it is gone");
  loseRoot(db, flow, "it is another directory");
  expect([haltReason(db, flow), haltForPerson(db, flow)]).toEqual(["it is another directory", null]);
  findRoot(db, flow);
  expect(haltReason(db, flow)).toBeNull();
});

test("a person's halt outlives a root that goes and comes back, and a release leaves nothing behind", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  halt(db, flow, "emptied");
  loseRoot(db, flow, "it is gone");
  findRoot(db, flow);
  expect([haltReason(db, flow), haltForPerson(db, flow)]).toEqual(["emptied", "emptied"]);
  release(db, flow);
  loseRoot(db, flow, "it is gone");
  release(db, flow);
  halt(db, flow, "emptied again");
  expect(haltForPerson(db, flow)).toBe("emptied again");
});
