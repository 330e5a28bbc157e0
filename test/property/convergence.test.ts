import fc from "fast-check";
import { expect, test } from "vitest";
import { type RelPath } from "../../src/kernel/path.ts";
import { Admission } from "../../src/flow/admit/admission.ts";
import type { Sighting } from "../../src/flow/detect/contract.ts";
import { type Believed, pathsBelieved } from "../../src/flow/ledger/admissions.ts";
import { beginRun, claim, keysOf } from "../../src/flow/ledger/claims.ts";
import type { Database } from "../../src/flow/ledger/database.ts";
import { type FlowId, recount, tallyOf } from "../../src/flow/ledger/flows.ts";
import { recordOutcomes } from "../../src/flow/ledger/outcomes.ts";
import { receipts } from "../../src/flow/ledger/receipts.ts";
import type { ChangeKind } from "../../src/flow/settings.ts";
import type { ClaimedTransfer } from "../../src/flow/transfer.ts";
import { makeLedger, registerTestFlow, flowSettings, sourceSettings, standingClock } from "../support/ledger.ts";
import { simulateSend } from "../support/simulated-sender.ts";
import { SimulatedSource, SimulatedTree } from "../support/simulated-tree.ts";

/** The real admission and the real ledger between a source and a destination in memory. */
class World {
  readonly source = new SimulatedSource();
  readonly destination = new SimulatedTree();
  lost = false;
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #clock = standingClock();
  readonly #admission: Admission;
  #run: number;
  #underWay: ClaimedTransfer[] = [];
  /** What is told late: looked at once more after the sightings before it. */
  #looks = new Set<RelPath>();

  constructor(db: Database, flow: FlowId, run: number, propagate: ReadonlySet<ChangeKind>) {
    this.#db = db;
    this.#flow = flow;
    this.#run = run;
    this.#admission = new Admission(
      db,
      flow,
      { source: sourceSettings({ propagate }), destination: flowSettings().destination },
      this.#clock,
    );
  }

  admit(): void {
    this.#admission.admit(this.source.sightings.splice(0));
  }

  claim(limit: number): void {
    this.#clock.now += 1;
    const busy = new Set(this.#underWay.flatMap((transfer) => keysOf(transfer.change)));
    this.#underWay.push(
      ...claim(this.#db, { flow: this.#flow, run: this.#run, bulk: false, limit, now: this.#clock.now, busy: (key) => busy.has(key) }),
    );
  }

  /** `outage`: the connection broke before anything was done. */
  end(at: number, outage: boolean): void {
    if (this.#underWay.length === 0) return;
    const [transfer] = this.#underWay.splice(at % this.#underWay.length, 1);
    const now = this.#clock.now;
    if (outage) {
      recordOutcomes(
        this.#db,
        [{ transfer: transfer!, outcome: { kind: "hand-back", reason: "outage", dueAt: now, litter: false }, startedAtMs: now, bytes: 0 }],
        now,
      );
      return;
    }
    const { outcome, look } = simulateSend(this.source, this.destination, transfer!, now);
    recordOutcomes(this.#db, [{ transfer: transfer!, outcome, startedAtMs: now, bytes: 0 }], now);
    if (look) this.#looks.add(transfer!.change.path);
  }

  /** The process dies; `published`: some of what was under way had been done at the destination and not been written down. */
  crash(published: boolean): void {
    for (const transfer of published ? this.#underWay : []) simulateSend(this.source, this.destination, transfer, this.#clock.now);
    this.#underWay = [];
    this.lose();
    this.#run = beginRun(this.#db, 1, { wall: this.#clock.now, steady: this.#clock.now });
    this.rescan();
  }

  /** The queue of events overflows. */
  lose(): void {
    this.lost = true;
    this.source.sightings.length = 0;
    this.#looks.clear();
  }

  lookAgain(): void {
    this.admit();
    const seen: Sighting[] = [...this.#looks].map((path) => this.source.look(path));
    this.#looks.clear();
    this.#admission.admit(seen);
  }

  rescan(): void {
    this.source.sightings.length = 0;
    this.#looks.clear();
    this.#admission.admit(this.source.scan());
    for (let before: RelPath | null = null; ;) {
      const believed: Believed[] = pathsBelieved(this.#db, this.#flow, before, 4);
      if (believed.length === 0) return;
      before = believed.at(-1)!.path;
      this.#admission.admit(believed.map(({ name }) => this.source.look(name)));
    }
  }

  /** Works on until nothing is open, or for so many rounds. */
  work(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#clock.now += 200;
      this.claim(8);
      while (this.#underWay.length > 0) this.end(0, false);
      this.lookAgain();
      const { settling, queued, sending } = tallyOf(this.#db, this.#flow);
      if (settling + queued + sending === 0) return;
    }
  }

  expectIdle(): void {
    this.work(500);
    const open = this.#db.all(
      "SELECT id, kind, CAST(path AS TEXT) AS path, CAST(from_path AS TEXT) AS from_path, state, reason FROM transfer WHERE flow = ? AND ended_at IS NULL",
      this.#flow,
    );
    if (open.length > 0) throw new Error(`these never end: ${JSON.stringify(open)}`);
  }
}

type Step = { title: string; apply: (world: World) => void };
const step = (title: string, apply: (world: World) => void): Step => ({ title, apply });

function stepsOver(files: string[], directories: string[]): fc.Arbitrary<Step> {
  const file = fc.constantFrom(...files);
  const directory = fc.constantFrom(...directories);
  return fc.oneof(
    { weight: 6, arbitrary: file.map((path) => step(`write ${path}`, (world) => world.source.write(path))) },
    { weight: 1, arbitrary: directory.map((path) => step(`mkdir ${path}`, (world) => world.source.mkdir(path))) },
    { weight: 4, arbitrary: fc.tuple(file, file).map(([from, to]) => step(`mv ${from} ${to}`, (world) => world.source.move(from, to))) },
    {
      weight: 3,
      arbitrary: fc.tuple(directory, directory).map(([from, to]) => step(`mv ${from} ${to}`, (world) => world.source.move(from, to))),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(file, file).map(([from, to]) => step(`ln ${from} ${to}`, (world) => world.source.hardlink(from, to))),
    },
    { weight: 1, arbitrary: fc.constantFrom("s", "d/s").map((path) => step(`symlink ${path}`, (world) => world.source.symlink(path))) },
    { weight: 1, arbitrary: fc.constantFrom("s", "d/s").map((path) => step(`mv ${path} s2`, (world) => world.source.move(path, "s2"))) },
    { weight: 8, arbitrary: fc.constant(step("admit", (world) => world.admit())) },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }).map((limit) => step(`claim ${limit}`, (world) => world.claim(limit))) },
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.nat(5), fc.nat(5))
        .map(([at, luck]) => step(`end ${at}${luck === 0 ? " by outage" : ""}`, (world) => world.end(at, luck === 0))),
    },
    { weight: 2, arbitrary: fc.constant(step("look again", (world) => world.lookAgain())) },
    { weight: 1, arbitrary: fc.boolean().map((published) => step(`crash ${published}`, (world) => world.crash(published))) },
    { weight: 1, arbitrary: fc.constant(step("events lost", (world) => world.lose())) },
    { weight: 1, arbitrary: fc.constant(step("rescan", (world) => world.rescan())) },
  );
}

function removals(paths: string[]): fc.Arbitrary<Step> {
  return fc.constantFrom(...paths).map((path) => step(`rm -r ${path}`, (world) => world.source.remove(path)));
}

const numRuns = process.env["HOTDIR_TEST_SIZE"] === "long" ? 4000 : 400;

async function expectConvergence(
  arbitrary: fc.Arbitrary<Step>,
  propagate: ReadonlySet<ChangeKind>,
  same: (world: World) => void,
): Promise<void> {
  await using ledger = await makeLedger();
  let flows = 0;
  const steps = fc.array(arbitrary, { maxLength: 50, size: "max" });
  fc.assert(
    fc.property(steps, (history) => {
      const flow = registerTestFlow(ledger.db, `flow ${++flows}`);
      const world = new World(ledger.db, flow, ledger.run, propagate);
      for (const { apply } of history) apply(world);
      world.admit();
      world.work(100);
      // Within one rescan period (P5).
      world.rescan();
      world.expectIdle();
      same(world);
      expect(recount(ledger.db, flow)).toEqual([]);
      const proved = [...receipts(ledger.db, { id: flow, name: "test" })]
        .filter((receipt) => receipt.basis === "digest")
        .map((receipt) => receipt.path);
      expect(proved.filter((path) => world.destination.nodes.get(path)?.kind !== "file")).toEqual([]);
    }),
    { numRuns, reporter: describeFailure },
  );
}

/** The history as a list of steps: what a person needs to repeat it by hand. */
function describeFailure(details: fc.RunDetails<[Step[]]>): void {
  if (!details.failed) return;
  const history = details.counterexample?.[0].map((one) => one.title).join("\n") ?? "";
  throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}:\n${history}\n${String(details.errorInstance)}`, {
    cause: details.errorInstance,
  });
}

test("where everything is propagated the destination becomes the source, whatever happened in between", async () => {
  const files = ["f", "g", "h", "d/f", "d/g", "d/e/f", "x/f"];
  const directories = ["d", "d/e", "x", "y"];
  const steps = fc.oneof(
    { weight: 8, arbitrary: stepsOver(files, directories) },
    { weight: 1, arbitrary: removals([...files, ...directories]) },
  );
  await expectConvergence(steps, new Set(["put", "rename", "link", "mkdir", "delete", "rmdir"]), (world) => {
    // Where events were lost, a directory that was made on the way to one of its files may be left there, empty.
    if (world.lost) removeEmptyLeftovers(world.destination, world.source);
    expect(world.destination.toString()).toBe(world.source.toString());
  });
});

test("where removals are not propagated everything that is in the source becomes true at the destination", async () => {
  const files = ["f", "g", "h", "d/f", "d/g", "d/e/f", "x/f"];
  await expectConvergence(stepsOver(files, ["y", "y/z"]), new Set(["put", "rename", "link", "mkdir"]), (world) => {
    const missing = [...world.source.nodes].filter(
      ([path, node]) => JSON.stringify(comparable(world.destination, path)) !== JSON.stringify(show(node)),
    );
    expect(missing.map(([path]) => path)).toEqual([]);
  });
});

function removeEmptyLeftovers(tree: SimulatedTree, wanted: SimulatedTree): void {
  const directories = [...tree.nodes.keys()].filter((path) => tree.isDirectory(path) && !wanted.nodes.has(path));
  for (const path of directories.sort().reverse()) tree.rmdir(path);
}

function comparable(tree: SimulatedTree, path: string): unknown {
  const node = tree.nodes.get(path);
  return node === undefined ? null : show(node);
}

function show(node: NonNullable<ReturnType<SimulatedTree["nodes"]["get"]>>): unknown {
  return node.kind === "file" ? [node.version.inode, String(node.version.mtimeNs)] : node.kind === "symlink" ? node.target : node.kind;
}
