import { expect, test } from "vitest";
import { bytesOfText, relPath } from "../../kernel/path.ts";
import { bindingKeyOf, routingKeyOf } from "./routing.ts";

const keyOf = (path: string): string => routingKeyOf(relPath(bytesOfText(path))).key;

test("the routing key is the prefix and the directories, with sr3's two escapes", () => {
  expect(keyOf("top.txt")).toBe("v03");
  expect(keyOf("t/a/b/3.txt")).toBe("v03.t.a.b");
  expect(keyOf("c.d/x")).toBe("v03.c.d");
  expect(keyOf("x#y*z/q")).toBe("v03.x%23y%22z");
  expect(keyOf("été d/ünï")).toBe("v03.été d");
  expect(routingKeyOf(relPath(bytesOfText("a/b")), ["v03", "post"]).key).toBe("v03.post.a");
});

test("a long key ends within 255 bytes, and not within a character", () => {
  const long = routingKeyOf(relPath(bytesOfText(`${"é".repeat(126)}/${"a".repeat(200)}/x`)));
  expect(long.truncated).toBe(true);
  expect(Buffer.byteLength(long.key)).toBeLessThanOrEqual(255);
  for (let fill = 240; fill <= 252; fill += 1) {
    const { key } = routingKeyOf(relPath(bytesOfText(`${"a".repeat(fill)}/\u{1f600}\u{1f600}/x`)));
    expect(key).not.toContain("\ufffd");
    expect(Buffer.byteLength(key)).toBeGreaterThan(251);
  }
});

test("bindings take subtopics with slashes or dots", () => {
  expect([bindingKeyOf("#"), bindingKeyOf("*.#"), bindingKeyOf("a/b/#")]).toEqual(["v03.#", "v03.*.#", "v03.a.b.#"]);
});
