import { expect, test } from "vitest";
import type { StateName } from "../ledger/states.ts";
import { decideRow, type Following, type RowRules, stepOf } from "./decide.ts";
import type { TableRow } from "./row.ts";

const row: TableRow = {
  row: 3,
  fingerprint: 1,
  registration: 1,
  unusable: null,
  file: "/data/a" as TableRow["file"],
  path: "a" as TableRow["path"],
  digest: null,
  registered: null,
  registeredAtS: 5,
  copiedAtS: null,
  removedAtS: null,
  failures: 0,
  removable: true,
  ignore: false,
  verified: false,
};
const rules: RowRules = { attemptsMax: 5, removes: false, rejected: null, look: "file", flow: "f" };

test("a row that nobody has delivered is sent, as long as it did not fail too often", () => {
  expect(decideRow(row, rules)).toEqual({ do: "send", adopt: false });
  expect(decideRow({ ...row, failures: 4 }, rules)).toEqual({ do: "send", adopt: false });
  const dead = decideRow({ ...row, failures: 5 }, rules);
  expect(dead).toMatchObject({ do: "bury", code: "row-exhausted" });
  expect("reason" in dead && dead.reason).toContain("'hotdir retry -f f' begins anew and sets its count to 0");
});

test("who says that it is to be ignored is heard first, also of a row that cannot be understood", () => {
  expect(decideRow({ ...row, ignore: true, unusable: "nonsense", failures: 9 }, rules)).toMatchObject({ do: "ignore" });
  expect(decideRow({ ...row, unusable: "nonsense" }, rules)).toMatchObject({ do: "bury", code: "row-unusable" });
});

test("a path that the flow does not want is ignored", () => {
  expect(decideRow(row, { ...rules, rejected: "rejected" })).toEqual({ do: "ignore", reason: "rejected" });
});

test("what others verified is taken at their word, unless its file is to go: then it is looked at", () => {
  const verified = { ...row, verified: true, failures: 9 };
  expect(decideRow(verified, rules)).toMatchObject({ do: "ignore" });
  expect(decideRow(verified, { ...rules, removes: true })).toEqual({ do: "send", adopt: true });
  expect(decideRow({ ...verified, removable: false }, { ...rules, removes: true })).toMatchObject({ do: "ignore" });
  expect(decideRow({ ...verified, removedAtS: 0 }, { ...rules, removes: true })).toMatchObject({ do: "ignore" });
  expect(decideRow(verified, { ...rules, removes: true, look: "gone" })).toMatchObject({ do: "ignore" });
});

test("a row whose file was removed unverified is not sent", () => {
  expect(decideRow({ ...row, removedAtS: 7 }, rules)).toMatchObject({ do: "ignore" });
});

const known: Following = { state: "queued", code: null, reason: null, same: true, failuresThere: 0, owed: false };
const step = (changes: Partial<TableRow>, now: Partial<Following>): string => {
  const changed = { ...row, ...changes };
  const found = stepOf(changed, decideRow(changed, rules), { ...known, ...now });
  return found.do === "recount" && found.revive ? "revive" : found.do;
};

test.each<[what: string, Partial<TableRow>, Partial<Following>, string]>([
  ["nothing that concerns us", { removable: false }, {}, "keep"],
  ["anything while it is being sent", { ignore: true }, { state: "sending" }, "later"],
  ["anything while the row is to be written", { ignore: true }, { owed: true }, "later"],
  ["ignored", { ignore: true }, {}, "end"],
  ["ignored, as a dead letter", { ignore: true }, { state: "dead" }, "end"],
  ["verified by others", { verified: true }, {}, "end"],
  ["its count reset", { failures: 0 }, { failuresThere: 2 }, "recount"],
  ["its count reset, as a dead letter", { failures: 0 }, { state: "dead", failuresThere: 5 }, "revive"],
  ["its count at the limit, as a dead letter of ours", { failures: 5 }, { state: "dead", failuresThere: 5 }, "keep"],
  ["its count raised by others", { failures: 5 }, {}, "begin"],
  ["another file, path or sum", {}, { same: false }, "begin"],
  ["another sum, as a dead letter", {}, { state: "dead", same: false }, "begin"],
  ["understood at last", {}, { state: "dead", code: "row-unusable", same: true }, "begin"],
  ["delivered, and still so", { verified: true }, { state: "delivered" }, "keep"],
  ["delivered, and registered anew", {}, { state: "delivered", same: false }, "begin"],
  ["delivered, and the word of it taken back", {}, { state: "delivered" }, "begin"],
  ["ignored before, and wanted now", {}, { state: "ignored" }, "begin"],
  ["ignored before, and still", { ignore: true }, { state: "ignored" }, "keep"],
])("a row that is %s", (_, changes, now, wanted) => {
  expect(step(changes, now)).toBe(wanted);
});

test("the same reason buries nothing twice", () => {
  const unusable = { ...row, unusable: "nonsense" };
  const decision = decideRow(unusable, rules);
  const reason = "reason" in decision ? decision.reason : "";
  expect(stepOf(unusable, decision, { ...known, state: "dead", code: "row-unusable", reason })).toEqual({ do: "keep" });
  expect(stepOf(unusable, decision, { ...known, state: "dead", code: "row-unusable", reason: "another" }).do).toBe("begin");
});

test("no state is forgotten", () => {
  const states: StateName[] = ["settling", "queued", "sending", "delivered", "superseded", "ignored", "dead"];
  for (const state of states) expect(["keep", "later", "begin"]).toContain(step({}, { state }));
});
