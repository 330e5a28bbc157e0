import { expect, test } from "vitest";
import { treeOf, type TreeText } from "../../../test/support/sr3-tree.ts";
import type { ConfigurationName } from "../../importers/sr3/configuration-file.ts";
import { prepare, type Prepared } from "./taking.ts";
import type { Translation } from "./translation.ts";

const empty: Translation = { version: 1, root: "/home/bob/.config/sr3", configurations: {}, faulty: {}, left: {}, declared: [] };
const name: ConfigurationName = { component: "watch", name: "a" };
const good = "post_broker amqp://bob@hub\npost_exchange xs_bob\npost_baseUrl file:/data\npath /data\n";

function take(files: TreeText, before = empty, names = [name], stays = true): Prepared {
  return prepare(before, names, { tree: treeOf(files), isOfOptions: false }, () => stays);
}

test("what is faulty keeps what it came to before, and is told by file and line", () => {
  const first = take({ "watch/a.conf": good });
  expect(first).toMatchObject({ faulty: [] });
  const before = first.translation;
  expect(before.configurations["watch/a"]).toMatchObject({ flows: ["watch-a"], isOfOptions: false, moves: "none" });
  const spoiled = take({ "watch/a.conf": `${good}mirror y\n` }, before);
  expect(spoiled.faulty).toEqual([name]);
  expect(spoiled.translation.configurations).toEqual(before.configurations);
  expect(spoiled.translation.faulty["watch/a"]).toBeDefined();
  expect(spoiled.told).toEqual([
    expect.stringMatching(/^watch\/a\.conf:5: mirror/),
    "hotdir: watch/a cannot be carried over; what runs of it goes on as it was",
  ]);
  // One that never ran is not begun with half of it, and a good one is no longer faulty.
  expect(take({ "watch/a.conf": `${good}mirror y\n` }).translation.configurations).toEqual({});
  expect(take({ "watch/a.conf": good }, spoiled.translation).translation.faulty).toEqual({});
});

test("one that says the same is as it was; one that there is nothing to do for is left out, and is no fault", () => {
  const before = take({ "watch/a.conf": good }).translation;
  const again = take(
    { "watch/a.conf": good },
    { ...before, configurations: { "watch/a": { ...before.configurations["watch/a"]!, takenAtMs: 5 } } },
  );
  expect(again.translation.configurations["watch/a"]?.takenAtMs).toBe(5);
  expect(again.told).toEqual([]);
  const idle: ConfigurationName = { component: "poll", name: "b" };
  const left = take({ "poll/b.conf": "pollUrl sftp://hub\n" }, before, [idle]);
  expect(left.faulty).toEqual([]);
  expect(left.told).toEqual([expect.stringMatching(/^hotdir: poll\/b is left out: /)]);
  expect(Object.keys(left.translation.left)).toEqual(["poll/b"]);
  expect(Object.keys(left.translation.configurations)).toEqual(["watch/a"]);
});

test("what does not stay is let go of, and what the command line says of doors is not kept", () => {
  const before = take({ "watch/a.conf": good }).translation;
  expect(take({}, before, [], false).translation.configurations).toEqual({});
  const opened = take({ "watch/a.conf": good.replace("bob@", "bob:sesame@") });
  expect(JSON.stringify(opened)).not.toContain("sesame");
});
