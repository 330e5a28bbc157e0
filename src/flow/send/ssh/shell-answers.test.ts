import fc from "fast-check";
import { expect, it } from "vitest";
import { type Answer, AnswerReader } from "./shell-answers.ts";

const token = "0123456789abcdef0123456789abcdef";

it("finds the answers in any cutting of the stream, after any banner", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.stringMatching(/^[\x01-\xff]{0,20}$/), { maxLength: 4 }), { maxLength: 5 }),
      fc.string(),
      fc.integer({ min: 1, max: 50 }),
      (answers, banner, cut) => {
        const stream = Buffer.from(
          `${banner}\0${answers.map((entries) => `${entries.map((entry) => `${entry}\0`).join("")}${token} 7\0`).join("")}`,
          "latin1",
        );
        const found: Answer[] = [];
        const reader = new AnswerReader(
          token,
          (answer) => found.push(answer),
          () => 1e6,
        );
        for (let at = 0; at < stream.length; at += cut) reader.push(stream.subarray(at, at + cut));
        expect(found.map((answer) => answer.entries.slice(0))).toHaveLength(answers.length);
        for (const [index, answer] of found.entries()) {
          expect(answer.status).toBe(7);
          expect(index === 0 ? answer.entries.slice(answer.entries.length - answers[0]!.length) : answer.entries).toEqual(answers[index]);
        }
      },
    ),
  );
});

it("takes no more of an answer than was allowed for", () => {
  const reader = new AnswerReader(
    token,
    () => {},
    () => 1000,
  );
  reader.push(Buffer.alloc(900, "x"));
  expect(() => reader.push(Buffer.alloc(200, "x"))).toThrow("protocol");
});
