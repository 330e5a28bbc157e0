import { expect, test, vi } from "vitest";
import { Batcher } from "./batcher.ts";

/** A far side that answers when it is told to. */
function farSide(): {
  send: (requests: number[]) => Promise<string[]>;
  batches: number[][];
  asked: (times: number) => Promise<void>;
  answer: () => void;
  fail: () => void;
} {
  const batches: number[][] = [];
  const waiting: Array<{ requests: number[]; resolve: (answers: string[]) => void; reject: (error: Error) => void }> = [];
  return {
    batches,
    send: (requests) =>
      new Promise((resolve, reject) => {
        batches.push(requests);
        waiting.push({ requests, resolve, reject });
      }),
    async asked(times) {
      await vi.waitFor(() => expect(batches).toHaveLength(times));
    },
    answer() {
      const next = waiting.shift();
      next?.resolve(next.requests.map((request) => `answer ${request}`));
    },
    fail: () => waiting.shift()?.reject(new Error("the shell ended")),
  };
}

test("the first request goes at once, those that come meanwhile go together", async () => {
  const far = farSide();
  const batcher = new Batcher({ batchMax: 100, underWayMax: 1 }, far.send);
  const first = batcher.ask(1);
  await Promise.resolve();
  const others = [batcher.ask(2), batcher.ask(3), batcher.ask(4)];
  far.answer();
  expect(await first).toBe("answer 1");
  await far.asked(2);
  far.answer();
  expect(await Promise.all(others)).toEqual(["answer 2", "answer 3", "answer 4"]);
  expect(far.batches).toEqual([[1], [2, 3, 4]]);
});

test("requests of one turn go together, and no batch is larger than the limit", async () => {
  const far = farSide();
  const batcher = new Batcher({ batchMax: 2, underWayMax: 2 }, far.send);
  const all = [1, 2, 3, 4, 5].map((request) => batcher.ask(request));
  await Promise.resolve();
  expect(far.batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
  far.answer();
  far.answer();
  await far.asked(3);
  far.answer();
  expect(await Promise.all(all)).toHaveLength(5);
});

test("a failure is that of its batch only, and the next batch goes on", async () => {
  const far = farSide();
  const batcher = new Batcher({ batchMax: 1, underWayMax: 1 }, far.send);
  const [first, second] = [batcher.ask(1), batcher.ask(2)];
  await Promise.resolve();
  far.fail();
  await expect(first).rejects.toThrow("the shell ended");
  await far.asked(2);
  far.answer();
  expect(await second).toBe("answer 2");
});

test("a sender that throws at once, or answers too few, fails its batch and nothing else", async () => {
  let calls = 0;
  const batcher = new Batcher<number, number>({ batchMax: 1, underWayMax: 1 }, (requests) => {
    calls++;
    if (calls === 1) throw new Error("at once");
    return Promise.resolve(calls === 2 ? [] : requests);
  });
  await expect(batcher.ask(1)).rejects.toThrow("at once");
  await expect(batcher.ask(2)).rejects.toThrow("every request has its answer");
  expect(await batcher.ask(3)).toBe(3);
});
