import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeWorld } from "../support/world.ts";
import { configure, expectSameTrees, isThere, writeFiles } from "./engine-world.ts";

test("until idle, a lost source is status 1 and told, also by status afterwards; once it is back the next run goes on by itself", async () => {
  await using world = await makeWorld({ destination: "file" });
  writeFiles(world.source, { a: "a" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  renameSync(world.source, `${world.source}.away`);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(1);
  expect(world.hotdir.log()).toMatch(/hotdir: world is halted: .*; look at its source, then 'hotdir resume world'/);
  expect((await world.hotdir.status()).flows[0]?.state).toBe("halted");
  renameSync(`${world.source}.away`, world.source);
  writeFiles(world.source, { b: "b" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect((await world.hotdir.status()).flows[0]?.state).toBe("stopped");
  await expectSameTrees(world);
});

test("a source that was lost and is another directory now goes on after a person's word", async () => {
  await using world = await makeWorld({ destination: "file" });
  writeFiles(world.source, { a: "a" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  renameSync(world.source, `${world.source}.away`);
  mkdirSync(world.source);
  writeFiles(world.source, { b: "b" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(1);
  expect(isThere(`${world.destination}/b`)).toBe(false);
  expect(await world.hotdir.ask("resume", "world")).toMatchObject({ status: 0 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(isThere(`${world.destination}/b`)).toBe(true);
});

test("a flow that does not run now counts all the same: nothing goes from a shared source before it has it", async () => {
  await using world = await makeWorld({ destination: "file" });
  const retain = { delete_after: "0s" };
  const to = (name: string): object => ({ url: `file:${world.directory}/${name}` });
  configure(world, (flow) => ({
    near: { ...flow, destination: { ...flow.destination, ...to("near") }, retain },
    far: { ...flow, destination: { ...flow.destination, ...to("far") }, retain },
  }));
  writeFiles(world.source, { a: "a" });
  for (const name of ["near", "far"]) {
    world.hotdir.start(name, "--until-idle");
    expect(await world.hotdir.ended(60_000), world.hotdir.log()).toMatchObject({ status: 0 });
    expect(isThere(`${world.directory}/${name}/a`)).toBe(true);
    expect(isThere(`${world.source}/a`)).toBe(name === "near");
  }
});

test("a posted file that changed before it was sent is sent as it is now, at once", async () => {
  await using world = await makeWorld({ destination: "file" });
  const file = `${world.directory}/posted`;
  configure(world, (flow) => ({ queue: { ...flow, source: { posts: true } } }));
  writeFileSync(file, "as it was posted");
  expect(await world.hotdir.ask("post", file)).toMatchObject({ status: 0 });
  writeFileSync(file, "as it is by now, and longer");
  expect(await world.hotdir.runUntilIdle(20_000), world.hotdir.log()).toBe(0);
  expect(readFileSync(`${world.destination}${file}`, "utf8")).toBe("as it is by now, and longer");
  expect(await world.hotdir.receipts()).toHaveLength(1);
});
