import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import type { CliContext } from "../command.ts";
import { Session } from "./session.ts";

const watch = { component: "watch", name: "a" } as const;

test("a file that an editor is writing anew is not gone, one that stays away is, and a directory that is away says nothing", async () => {
  await using home = await makeTemporary();
  const root = `${home.path}/.config/sr3`;
  mkdirSync(`${root}/watch`, { recursive: true });
  const [file, aside] = [`${root}/watch/a.conf`, `${root}/watch/a.conf~`];
  writeFileSync(file, "post_broker amqp://bob@hub\npost_exchange xs_bob\npost_baseUrl file:/data\npath /data\n");
  writeFileSync(`${root}/watch/b.conf`, "post_broker amqp://bob@hub\npost_exchange xs_bob\npost_baseUrl file:/b\npath /b\n");
  const output = new PassThrough() as unknown as CliContext["stdout"];
  const { signal } = new AbortController();
  const context: CliContext = { env: {}, homeDirectory: home.path, stdin: process.stdin, stdout: output, stderr: output, signal };
  const known = async (): Promise<string[]> => {
    const session = new Session(context, { verb: "sanity", patterns: [], options: new Map() });
    expect(session.tree.root).toBe(root);
    return Object.keys((await session.take([])).translation.configurations);
  };
  const started = new Session(context, { verb: "start", patterns: [], options: new Map() });
  await started.take([watch, { component: "watch", name: "b" }]);

  renameSync(file, aside);
  setTimeout(() => renameSync(aside, file), 150);
  expect(await known()).toEqual(["watch/a", "watch/b"]);
  expect(existsSync(file)).toBe(true);

  renameSync(`${home.path}/.config`, `${home.path}/away`);
  expect(await known()).toEqual(["watch/a", "watch/b"]);
  renameSync(`${home.path}/away`, `${home.path}/.config`);

  renameSync(file, aside);
  expect(await known()).toEqual(["watch/b"]);
}, 30_000);
