import { expect, test } from "vitest";
import { HotdirError } from "./errors.ts";
import { othersWords } from "./others-words.ts";

test("what others say cannot be obeyed by a terminal, and stays as it is otherwise", () => {
  expect(othersWords("HTTP 999 \u001B]0;owned\u0007\u001B[2Jfine\u009B31m")).toBe("HTTP 999 \\x1b]0;owned\\x07\\x1b[2Jfine\\x9b31m");
  expect(othersWords("Permission denied\r\n\tété, 文件 – a\rb\r")).toBe("Permission denied\n\tété, 文件 – a\\x0db");
  expect(othersWords("amqp://bob:s3cret@hub/")).not.toContain("s3cret");
});

test("nor in the message of an error", () => {
  const error = new HotdirError("source-unreadable", { operation: "fetch", detail: "HTTP 500 \u001B[31mred" });
  expect([error.message, error.detail].join("")).not.toMatch(/\p{Cc}/u);
});
