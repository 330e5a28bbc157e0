import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeLedger, put } from "../../../test/support/ledger.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { recordQueued } from "./admissions.ts";
import { ledgerFile, openForReading, openForWriting } from "./database.ts";
import { flowId, tallyOf } from "./flows.ts";
import { SCHEMA_VERSION } from "./schema.ts";

test("a ledger of a newer hotdir is refused, for writing and for reading, and left as it is", async () => {
  await using temporary = await makeTemporary();
  {
    using db = openForWriting(temporary.path);
    db.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  }
  const before = readFileSync(ledgerFile(temporary.path));
  expect(() => openForWriting(temporary.path)).toThrow(expect.objectContaining({ code: "state-newer" }));
  expect(() => openForReading(temporary.path)).toThrow(expect.objectContaining({ code: "state-newer" }));
  expect(readFileSync(ledgerFile(temporary.path)).equals(before)).toBe(true);
});

test("a ledger that an early hotdir made, under the same number and with other tables, is refused before anything is done with it", async () => {
  for (const change of ["DROP TABLE announcement", "DROP INDEX transfer_structural", "ALTER TABLE meta ADD COLUMN other TEXT"]) {
    await using temporary = await makeTemporary();
    {
      using db = openForWriting(temporary.path);
      db.run(change);
    }
    for (const open of [openForWriting, openForReading])
      expect(() => open(temporary.path)).toThrow(
        expect.objectContaining({ code: "state-other", detail: expect.stringMatching(/^its (table|index) /) }),
      );
  }
});

test("without a ledger there is nothing to read, and reading makes none", async () => {
  await using temporary = await makeTemporary();
  expect(openForReading(temporary.path)).toBeNull();
  expect(() => readFileSync(ledgerFile(temporary.path))).toThrow("ENOENT");
});

test("a file that is no ledger is refused with its name", async () => {
  await using temporary = await makeTemporary();
  writeFileSync(ledgerFile(temporary.path), "this is not a database, and long enough to look like one".repeat(100));
  expect(() => openForWriting(temporary.path)).toThrow(expect.objectContaining({ code: "state-failed" }));
  expect(() => openForReading(temporary.path)).toThrow(expect.objectContaining({ code: "state-failed" }));
});

test("a reader beside the writer sees each commit, and nothing before it", async () => {
  await using ledger = await makeLedger();
  using reader = openForReading(ledger.stateDirectory)!;
  const seen = (): number => tallyOf(reader, flowId(reader, "test")!).seen;
  ledger.db.transaction(() => {
    recordQueued(ledger.db, ledger.flow, put("a"), ledger.at);
    expect(seen()).toBe(0);
  });
  expect(seen()).toBe(1);
  expect(() => reader.run("DELETE FROM flow")).toThrow(/readonly/);
});

test("another process reads while this one has a transaction open", async () => {
  await using ledger = await makeLedger();
  const script = `import { openForReading } from ${JSON.stringify(new URL("./database.ts", import.meta.url).href)};
    console.log(openForReading(process.argv[1]).get("SELECT seen FROM tally").seen);`;
  ledger.db.transaction(() => {
    recordQueued(ledger.db, ledger.flow, put("a"), ledger.at);
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script, ledger.stateDirectory], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect([child.stdout.trim(), child.status]).toEqual(["0", 0]);
  });
});

test("a transaction that throws leaves nothing, and the next one works", async () => {
  await using ledger = await makeLedger();
  const broken = (): void =>
    ledger.db.transaction(() => {
      recordQueued(ledger.db, ledger.flow, put("a"), ledger.at);
      ledger.db.transaction(() => recordQueued(ledger.db, ledger.flow, put("b"), ledger.at));
      throw new Error("no");
    });
  expect(broken).toThrow("no");
  expect(tallyOf(ledger.db, ledger.flow).seen).toBe(0);
  recordQueued(ledger.db, ledger.flow, put("c"), ledger.at);
  expect(tallyOf(ledger.db, ledger.flow).seen).toBe(1);
});

test("what was committed is there after the process that wrote it was killed", async () => {
  await using temporary = await makeTemporary();
  const script = `import { openForWriting } from ${JSON.stringify(new URL("./database.ts", import.meta.url).href)};
    import { registerFlow } from ${JSON.stringify(new URL("./flows.ts", import.meta.url).href)};
    registerFlow(openForWriting(process.argv[1]), { name: "kept", root: "/r", destination: "d" });
    process.kill(process.pid, "SIGKILL");`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script, temporary.path], { timeout: 20_000 });
  expect(child.signal).toBe("SIGKILL");
  using db = openForWriting(temporary.path);
  expect(flowId(db, "kept")).toBe(1);
});

test("a ledger that was cut off says so in place of starting anew", async () => {
  await using temporary = await makeTemporary();
  openForWriting(temporary.path)[Symbol.dispose]();
  truncateSync(ledgerFile(temporary.path), 5000);
  expect(() => openForWriting(temporary.path)).toThrow(expect.objectContaining({ code: "state-failed" }));
});
