import { expect, test } from "vitest";
import { treeOf } from "../../../test/support/sr3-tree.ts";
import { readGiven, withLines } from "./command-line.ts";

const given = (line: string): ReturnType<typeof readGiven> => readGiven(line.split(" "), "post");

test.each([
  ["-c queue_for_hpfx -p a b c", { configuration: "queue_for_hpfx", lines: [], paths: ["a", "b", "c"] }],
  ["-c post/x.conf --path=/a/b", { configuration: "post/x.conf", lines: [], paths: ["/a/b"] }],
  [
    "-pb amqp://bob@hub/ -pbu file: -pe xs_bob --nodupe_ttl off a",
    {
      configuration: null,
      lines: ["post_broker amqp://bob@hub/", "post_baseUrl file:", "post_exchange xs_bob", "nodupe_ttl off"],
      paths: ["a"],
    },
  ],
  // The old names are taken, and a flag needs no value.
  ["--post_base_url file:/ --realpath a", { configuration: null, lines: ["post_baseUrl file:/", "realpathPost on"], paths: ["a"] }],
  ["--debug -logLevel info -c x a", { configuration: "x", lines: [], paths: ["a"] }],
  ["-c x -- -a", { configuration: "x", lines: [], paths: ["-a"] }],
])("sr3_post %s", (line, expected) => {
  expect(given(line)).toEqual(expected);
});

test("what sr3 does not know, and a value that is missing, are refused", () => {
  expect(() => given("--post_brokr x")).toThrow(/there is no option --post_brokr/);
  expect(() => given("a -pb")).toThrow(/-pb wants a value/);
});

test("options of a command line stand below the file's own lines, and make a configuration of their own", () => {
  const tree = treeOf({ "post/q.conf": "post_baseUrl file:\naccept .*" });
  const plain = withLines(tree, "post", given("-c q a"));
  expect(plain).toMatchObject({ name: { component: "post", name: "q" }, text: null });
  const more = withLines(tree, "post", given("-c q -pe xs_other a"));
  expect(more.name.name).toMatch(/^q-[0-9a-f]{8}$/);
  expect(more.tree.files.read(`${tree.root}/post/${more.name.name}.conf`)).toEqual({
    kind: "text",
    text: "post_baseUrl file:\naccept .*\npost_exchange xs_other\n",
  });
  // The same options are the same configuration, others another.
  expect(withLines(tree, "post", given("-c q -pe xs_other b")).name).toEqual(more.name);
  expect(withLines(tree, "post", given("-c q -pe xs_third b")).name).not.toEqual(more.name);
  expect(() => withLines(tree, "post", given("-c nothing a"))).toThrow(/no configuration post\/nothing/);
});
