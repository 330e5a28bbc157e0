import { afterAll, beforeAll } from "vitest";
import { makeHosts, type Hosts } from "../support/hosts.ts";
import { queueContract } from "./queue.ts";

let hosts: Hosts;
beforeAll(async () => void (hosts = await makeHosts()), 60_000);
afterAll(async () => hosts[Symbol.asyncDispose]());

/** A real RabbitMQ between the flow that sees the files and the flow that delivers them. */
queueContract(async (name) => {
  const [source, destination] = [hosts.place(`${name}/source`), hosts.place(`${name}/destination`)];
  const propagate = ["put", "rename", "link", "mkdir", "delete", "rmdir"];
  const exchange = `xs_${name}`;
  const hotdir = hosts.host(name, {
    told: {
      source: { directory: source, rescan: "2s", propagate },
      destination: { publish: { ...hosts.broker, exchange } },
    },
    [name]: {
      source: { subscribe: { ...hosts.broker, exchange }, base: source, propagate },
      destination: { url: `file:${destination}` },
      retry: { attempts: 3, backoff: "50ms..200ms" },
    },
  });
  return { hotdir, source, destination, flow: name, [Symbol.asyncDispose]: async () => hotdir.killHard() };
});
