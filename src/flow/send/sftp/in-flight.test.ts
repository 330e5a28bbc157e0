import fc from "fast-check";
import { expect, it } from "vitest";
import { InFlight, type Pending } from "./in-flight.ts";
import { statusRequest } from "./request.ts";

function pending(costBytes = 1): Pending {
  return { request: statusRequest("test", undefined, () => {}, costBytes), resolve() {}, reject() {} };
}

it("gives each request an id of its own and finds it again by that, once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 300 }), (steps) => {
      const inFlight = new InFlight({ requests: 100, bytes: 1e9 });
      const model = new Map<number, Pending>();
      const old: number[] = [];
      const mistakes: string[] = [];
      for (const step of steps) {
        if (step < 60 && inFlight.hasRoom(1)) {
          const one = pending();
          const id = inFlight.add(one);
          if (model.has(id) || old.includes(id)) mistakes.push(`id ${id} was given before`);
          model.set(id, one);
        } else if (model.size > 0) {
          const [id, one] = [...model][step % model.size]!;
          if (inFlight.take(id) !== one) mistakes.push(`id ${id} is not its request's`);
          if (inFlight.take(id) !== null) mistakes.push(`id ${id} was taken twice`);
          model.delete(id);
          old.push(id);
        }
        expect(mistakes).toEqual([]);
        expect([inFlight.count, inFlight.costBytes]).toEqual([model.size, model.size]);
      }
      for (const id of old) expect(inFlight.take(id)).toBeNull();
      expect(new Set(inFlight.takeAll())).toEqual(new Set(model.values()));
      expect([inFlight.count, inFlight.costBytes]).toEqual([0, 0]);
    }),
  );
});

it("refuses a belief in ids that it never gave", () => {
  const inFlight = new InFlight({ requests: 10, bytes: 10 });
  for (const id of [0, 1, 4095, 4096, 0xffffffff]) expect(inFlight.take(id)).toBeNull();
});

it("still works after each slot's counter has wrapped", () => {
  const inFlight = new InFlight({ requests: 1, bytes: 10 });
  const wrong: number[] = [];
  for (let round = 0; round < 2 ** 20 + 10; round++) {
    const one = pending();
    const id = inFlight.add(one);
    if (id < 0 || id > 0xffffffff || inFlight.take(id) !== one) wrong.push(round);
  }
  expect(wrong).toEqual([]);
});
