import { mkdirSync, writeFileSync } from "node:fs";
import { LedgerQueue } from "../../src/flow/ingest/ledger-queue.ts";
import { beginRun, claim } from "../../src/flow/ledger/claims.ts";
import { openForWriting } from "../../src/flow/ledger/database.ts";
import { registerFlow } from "../../src/flow/ledger/flows.ts";
import { oweIngests, rerunIngests } from "../../src/flow/ledger/ingests.ts";
import { type EndedAttempt, recordOutcomes } from "../../src/flow/ledger/outcomes.ts";
import { recordQueued } from "../../src/flow/ledger/admissions.ts";
import { type AbsPath, bytesOfText, type RelPath } from "../../src/kernel/path.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { put } from "../support/ledger.ts";
import { makeTemporary } from "../support/temporary.ts";
import { toBuffer } from "../support/walk.ts";
import { ingestQueueContract } from "./ingest-queue.ts";

/** The ledger of a flow whose files were delivered. */
ingestQueueContract(async () => {
  const temporary = await makeTemporary();
  const directory = `${temporary.path}/storage`;
  mkdirSync(directory);
  const db = openForWriting(`${temporary.path}/state`);
  const clock = systemClock();
  const flow = registerFlow(db, { name: "a", root: "/source" as AbsPath, destination: directory });
  const run = beginRun(db, process.pid, { wall: clock.wall(), steady: clock.steady() });
  const open = (): LedgerQueue =>
    new LedgerQueue({ db, flows: [flow], directory: bytesOfText(directory) as unknown as AbsPath, again: false, clock });
  const idOf = (name: string): number => db.get<{ id: number }>("SELECT max(id) AS id FROM transfer WHERE path = ?", toBuffer(name))!.id;
  return {
    queue: open(),
    reopen: open,
    async add(name) {
      writeFileSync(toBuffer(`${directory}/${name}`), name);
      recordQueued(db, flow, { ...put("x"), path: name as RelPath }, { wall: clock.wall(), steady: clock.steady() });
      const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: clock.steady() + 1000, busy: () => false });
      const receipt = { proof: { basis: "digest" as const, digest: { algorithm: "sha256" as const, hex: "00" } }, durable: true };
      const ended: EndedAttempt = {
        transfer: transfer!,
        outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } },
        startedAtMs: clock.wall(),
        bytes: 1,
      };
      db.transaction(() => {
        recordOutcomes(db, [ended], clock.wall());
        oweIngests(db, flow, [ended], clock.wall());
      });
    },
    statusOf: (name) => db.get<{ status: string }>("SELECT status FROM ingest WHERE transfer = ?", idOf(name))!.status,
    rerun: (name) => void rerunIngests(db, [idOf(name)], clock.wall()),
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
});
