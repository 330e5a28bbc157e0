import { expect, test } from "vitest";
import { bytesOfText, relPath } from "../../kernel/path.ts";
import { deadTopicOf, filtersOf, hostIdOf, hostTopicOf, returnFilterOf, topicOf } from "./topics.ts";

const topic = (path: string, prefix = ["v03"]): string => topicOf("xs_bob", prefix, relPath(bytesOfText(path)));

test("the topic of a path is the exchange, the prefix and the directories", () => {
  expect(topic("f")).toBe("xs_bob/v03");
  expect(topic("a/b c/é/f")).toBe("xs_bob/v03/a/b c/é");
  expect(topic("a/f", [])).toBe("xs_bob/a");
});

test("wildcards are written as sr3 writes them, and what brokers end a connection for is escaped", () => {
  expect(topic("a#b/c+d/f")).toBe("xs_bob/v03/a%23b/c%2Bd");
  expect(topic("a\nb/\u0085/\u007f\u{3ffff}/f")).toBe("xs_bob/v03/a%0Ab/%C2%85/%7F%F0%BF%BF%BF");
  expect(topicOf("xs", ["v03"], relPath("\xff\xfe/f" as never))).toBe("xs/v03/\ufffd\ufffd");
});

test("too deep or too long a path has a topic that the wildcard of its top still finds", () => {
  const deep = topic(`${"d/".repeat(300)}f`);
  expect(deep.split("/")).toHaveLength(190);
  const long = topic(`${`${"x".repeat(250)}/`.repeat(280)}f`);
  expect(Buffer.byteLength(long)).toBeLessThan(65_535);
  expect(long.startsWith("xs_bob/v03/xxx")).toBe(true);
});

test("a queue is a shared subscription for each subtopic, whose form is AMQP's or MQTT's", () => {
  const filters = (...subtopics: string[]): string[] => filtersOf({ queue: "q_bob", exchange: "xs_bob", topicPrefix: ["v03"], subtopics });
  expect(filters("#", "*/obs/#", "*.obs.#", "a b/c")).toEqual([
    "$share/q_bob/xs_bob/v03/#",
    "$share/q_bob/xs_bob/v03/+/obs/#",
    "$share/q_bob/xs_bob/v03/+/obs/#",
    "$share/q_bob/xs_bob/v03/a b/c",
  ]);
  // In AMQP more may follow; what is wider loses nothing.
  expect(filters("a/#/b")).toEqual(["$share/q_bob/xs_bob/v03/a/#"]);
});

test("a queue's own topics are one level each, whatever its name holds", () => {
  expect(returnFilterOf("q/a+#")).toBe("$share/q%2Fa%2B%23/hotdir/q%2Fa%2B%23/again");
  expect(deadTopicOf("q", "12ab")).toBe("hotdir/q/dead/12ab");
  expect(hostIdOf("q/x", hostTopicOf("q/x", "0123456789ab"))).toBe("0123456789ab");
  expect(hostIdOf("q", hostTopicOf("q", "../../x"))).toBe(null);
  expect(hostIdOf("q", hostTopicOf("other", "0123456789ab"))).toBe(null);
});
