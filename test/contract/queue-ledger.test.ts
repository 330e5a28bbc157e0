import { mkdirSync, writeFileSync } from "node:fs";
import { Hotdir } from "../support/daemon.ts";
import { makeTemporary } from "../support/temporary.ts";
import { queueContract } from "./queue.ts";

/** The ledger alone: one flow, and no broker. */
queueContract(async (name) => {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const [source, destination, home] = [`${path}/source`, `${path}/destination`, `${path}/home`];
  for (const directory of [source, destination, home]) mkdirSync(directory);
  const flow = {
    source: { directory: source, rescan: "2s", propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"] },
    destination: { url: `file:${destination}` },
    retry: { attempts: 3, backoff: "50ms..200ms" },
  };
  const configFile = `${path}/hotdir.yaml`;
  writeFileSync(configFile, JSON.stringify({ page: "off", flows: { [name]: flow } }));
  const hotdir = new Hotdir({ configFile, stateDirectory: `${path}/state`, home, logFile: `${path}/log` });
  undo.defer(async () => hotdir.killHard());
  const held = undo.move();
  return { hotdir, source, destination, flow: name, [Symbol.asyncDispose]: async () => held.disposeAsync() };
});
