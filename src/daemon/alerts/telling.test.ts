import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startListener } from "../../../test/support/listener.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { tellByCommand } from "./command.ts";
import type { Message } from "./message.ts";
import { readAlertFile, writeAlertFile } from "./state-file.ts";
import { nothingTold } from "./decide.ts";
import { tellByWebhook, type WebhookSettings } from "./webhook.ts";

const message: Message = {
  id: "a-1",
  at: "2026-11-23T14:00:00.000Z",
  host: "here",
  text: "hotdir on here: f is halted",
  firing: [],
  resolved: [],
};
const never = new AbortController().signal;
const written = (url: string): WebhookSettings => ({ url: { kind: "written", url }, headersFile: null });

function makeSecret(path: string, text: string, mode = 0o600): AbsPath {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path as AbsPath;
}

async function refusal(telling: Promise<void>): Promise<string> {
  return telling.then(
    () => expect.fail("it was taken"),
    (error: Error) => error.message,
  );
}

test("a webhook gets the message as JSON, with the headers of a file, at the address of a file", async () => {
  await using place = await makeTemporary();
  await using listener = await startListener();
  await tellByWebhook(
    {
      url: { kind: "file", path: makeSecret(`${place.path}/url`, `${listener.url}/hook/s3cret\n`) },
      headersFile: makeSecret(`${place.path}/headers`, "# ours\nAuthorization: Bearer s3cret\nX-Team:  ops \n"),
    },
    message,
    never,
  );
  expect(listener.received).toMatchObject([
    { path: "/hook/s3cret", headers: { authorization: "Bearer s3cret", "x-team": "ops", "content-type": "application/json" } },
  ]);
  expect(JSON.parse(listener.received[0]!.body)).toEqual(message);
});

test("a secret that others can read is refused, with what to do, and nothing is sent", async () => {
  await using place = await makeTemporary();
  await using listener = await startListener();
  const open = makeSecret(`${place.path}/url`, `${listener.url}/s3cret`, 0o640);
  expect(await refusal(tellByWebhook({ url: { kind: "file", path: open }, headersFile: null }, message, never))).toMatch(
    /can be read by others: 'chmod 600/,
  );
  const absent = { url: { kind: "file", path: `${place.path}/none` as AbsPath }, headersFile: null } as const;
  expect(await refusal(tellByWebhook(absent, message, never))).toMatch(/none cannot be read \(ENOENT\)/);
  const headersFile = makeSecret(`${place.path}/headers`, "X-Good: 1\nwhat is s3cret");
  expect(await refusal(tellByWebhook({ ...written(listener.url), headersFile }, message, never))).toMatch(/headers:2 is no header/);
  const nonsense = makeSecret(`${place.path}/nonsense`, "s3cret");
  const refused = await refusal(tellByWebhook({ url: { kind: "file", path: nonsense }, headersFile: null }, message, never));
  expect(refused).toMatch(/holds no http: or https: address/);
  expect(refused).not.toMatch(/s3cret/);
  expect(listener.received).toEqual([]);
});

test("a refusal, a redirect, silence and nobody there are failures that tell the host and nothing else of the address", async () => {
  await using other = await startListener();
  await using listener = await startListener(({ path }) => {
    if (path.startsWith("/silent")) return null;
    if (path.startsWith("/moved")) return { status: 302, headers: { location: `${other.url}/stolen` } };
    return { status: 503 };
  });
  const ask = (path: string): Promise<string> =>
    refusal(tellByWebhook(written(`${listener.url}${path}?token=s3cret`), message, never, 300));
  expect(await ask("/x")).toBe(`${listener.host} answered 503`);
  expect(await ask("/moved")).toMatch(/answered 302, a redirect, which is not followed/);
  expect(await ask("/silent")).toBe(`${listener.host}: no answer in time`);
  expect(other.received).toEqual([]);
  const gone = await startListener();
  await gone[Symbol.asyncDispose]();
  const nobody = await refusal(tellByWebhook(written(`${gone.url}/s3cret`), message, never));
  expect(nobody).toMatch(new RegExp(`^${gone.host}: .*ECONNREFUSED`));
  expect(nobody).not.toMatch(/s3cret/);
});

test("a command gets the message on its standard input and one line in its environment, and no shell sees its arguments", async () => {
  await using place = await makeTemporary();
  const program = `${place.path}/tell`;
  writeFileSync(program, `#!/bin/sh\ncat > "$1.json"\nprintf %s "$HOTDIR_ALERT" > "$1.line"\n`, { mode: 0o755 });
  const name = `${place.path}/$(touch ${place.path}/bad)`.replaceAll("/touch", "touch");
  await tellByCommand([program, `${place.path}/a b`], message, never);
  expect(JSON.parse(readFileSync(`${place.path}/a b.json`, "utf8"))).toEqual(message);
  expect(readFileSync(`${place.path}/a b.line`, "utf8")).toBe(message.text);
  expect(await refusal(tellByCommand([program, name], message, never))).toMatch(/exit [12]/);
  expect(existsSync(`${place.path}/bad`)).toBe(false);
});

test("a command that fails, hangs, is not there or does not listen holds nobody up", async () => {
  await using place = await makeTemporary();
  const make = (name: string, text: string): string => {
    writeFileSync(`${place.path}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return `${place.path}/${name}`;
  };
  expect(await refusal(tellByCommand([make("fails", "echo first >&2; echo no mail today >&2; exit 7")], message, never))).toMatch(
    /fails: exit 7: no mail today$/,
  );
  expect(await refusal(tellByCommand([`${place.path}/none`], message, never))).toMatch(/ENOENT/);
  const long: Message = {
    ...message,
    firing: Array.from({ length: 5000 }, () => ({
      alert: "halted" as const,
      flow: "f",
      summary: "x".repeat(100),
      since: "",
      again: false,
      times: 1,
    })),
  };
  await tellByCommand([make("deaf", "exit 0")], long, never);
  const started = performance.now();
  expect(
    await refusal(
      tellByCommand([make("hangs", `echo $$ > ${place.path}/pid; trap '' TERM; while :; do sleep 0.1; done`)], message, never, 300),
    ),
  ).toMatch(/did not end within/);
  expect(performance.now() - started).toBeLessThan(20_000);
  const pid = readFileSync(`${place.path}/pid`, "utf8").trim();
  await waitUntil("the hanging command's end", () => !existsSync(`/proc/${pid}`));
  const noise = make("noise", "head -c 10000000 /dev/zero >&2; exit 1");
  expect((await refusal(tellByCommand([noise], message, never))).length).toBeLessThan(10_000);
});

test("a command that leaves something running has told; one that is late is ended with all that it started", async () => {
  await using place = await makeTemporary();
  const make = (name: string, text: string): string => {
    writeFileSync(`${place.path}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return `${place.path}/${name}`;
  };
  const childOf = (name: string): string => `/proc/${readFileSync(`${place.path}/${name}.child`, "utf8").trim()}`;
  try {
    await tellByCommand([make("leaves", `sleep 60 & echo $! > ${place.path}/leaves.child`)], message, never, 10_000);
    expect(existsSync(childOf("leaves"))).toBe(true);
  } finally {
    process.kill(Number(childOf("leaves").slice("/proc/".length)), "SIGKILL");
  }
  const late = make("late", `sleep 60 & echo $! > ${place.path}/late.child; wait`);
  expect(await refusal(tellByCommand([late], message, never, 1000))).toMatch(/did not end within/);
  await waitUntil("the end of what it started", () => !existsSync(childOf("late")));
});

test("a machine without descriptors to spare fails the message and not the daemon", async () => {
  const program = `
    const { openSync, closeSync } = require("node:fs");
    import(${JSON.stringify(new URL("command.ts", import.meta.url).href)}).then(async ({ tellByCommand }) => {
      const fds = [];
      try { for (;;) fds.push(openSync("/dev/null", "r")); } catch {}
      let said = "taken";
      await tellByCommand(["/bin/true"], ${JSON.stringify(message)}, new AbortController().signal).catch((error) => (said = error.message));
      await new Promise((resolve) => setImmediate(resolve));
      for (const fd of fds) closeSync(fd);
      console.log(said);
    });`;
  const ended = spawnSync("prlimit", ["--nofile=60:60", process.execPath, "-e", program], { encoding: "utf8" });
  expect(ended).toMatchObject({ status: 0, stdout: expect.stringMatching(/EMFILE/) as string });
});

test("what was told is kept whole, and only its owner may read it", async () => {
  await using place = await makeTemporary();
  expect(readAlertFile(place.path)).toBeNull();
  const file = { version: 1 as const, token: "t", ways: { command: nothingTold, webhook: { ...nothingTold, serial: 5 } } };
  writeAlertFile(place.path, file);
  expect(readAlertFile(place.path)).toEqual(file);
  for (const text of ["", "{", '{"version":2}']) {
    writeFileSync(`${place.path}/alerts.json`, text);
    expect(() => readAlertFile(place.path), text).toThrow(/./);
  }
});
