import { expect, it } from "vitest";
import { LastWords } from "./last-words.ts";

it("keeps the end of what was said, in printable lines", () => {
  const words = new LastWords();
  for (let index = 0; index < 5000; index++) words.add(Buffer.from(`line ${index} of the banner\r\n`));
  words.add(Buffer.from("\x1b[31mred\x1b[0m \x07alarm\u202e\r\n\r\n"));
  const lines = words.lines();
  expect(lines.at(-1)).toBe("red ?alarm?");
  expect(lines.at(-2)).toBe("line 4999 of the banner");
  expect(lines.join("\n").length).toBeLessThanOrEqual(32 * 1024);
});
