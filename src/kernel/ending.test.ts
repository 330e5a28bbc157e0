import { expect, test } from "vitest";
import { runEvery } from "./ending.ts";

test("every step runs whatever the ones before did; the first error wins, later ones are told", async () => {
  const ran: string[] = [];
  const later: unknown[] = [];
  const steps = [
    () => ran.push("a"),
    () => {
      throw new Error("first");
    },
    async () => {
      ran.push("b");
      await Promise.reject(new Error("second"));
    },
    () => ran.push("c"),
  ];
  await expect(runEvery(steps, (error) => later.push(error))).rejects.toThrow("first");
  expect(ran).toEqual(["a", "b", "c"]);
  expect(later).toEqual([new Error("second")]);
});

test("an ending without trouble resolves after its last step", async () => {
  let done = false;
  const steps = [() => new Promise((resolve) => setImmediate(resolve)), () => (done = true)];
  await runEvery(steps, () => undefined);
  expect(done).toBe(true);
});
