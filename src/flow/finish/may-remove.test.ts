import { expect, test } from "vitest";
import { rel } from "../../../test/support/ledger.ts";
import { captureName, isCapture } from "./capture-name.ts";
import { refusalToRemove } from "./may-remove.ts";

test("a file may go on the newest receipt, when nobody else still wants it", () => {
  expect(refusalToRemove({ receiptIsNewest: true, others: [] })).toBeNull();
  expect(refusalToRemove({ receiptIsNewest: true, others: [{ name: "two", wants: true, hasReceipt: true }] })).toBeNull();
  expect(refusalToRemove({ receiptIsNewest: true, others: [{ name: "two", wants: false, hasReceipt: false }] })).toBeNull();
});

test("it stays for each flow that has not delivered it, and for a version that was seen since", () => {
  const waiting = ["two", "three"].map((name) => ({ name, wants: true, hasReceipt: false }));
  expect(refusalToRemove({ receiptIsNewest: true, others: waiting })).toBe("not yet delivered by two, three");
  expect(refusalToRemove({ receiptIsNewest: false, others: [] })).toContain("newer version");
});

test("names of ours are known as ours, in any directory, and no other name is", () => {
  for (const id of [1, 35, 36, 2 ** 40]) expect(isCapture(rel(`a/b/${captureName(id)}`))).toBe(true);
  for (const name of ["a", ".hotdir-.removing", ".hotdir-1.removing.txt", "x.hotdir-1.removing", ".hotdir-1.removing/f"])
    expect(isCapture(rel(name))).toBe(false);
});
