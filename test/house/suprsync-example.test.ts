import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { loadCommand } from "../../src/cli/commands.ts";
import { formatRemark, Remarks } from "../../src/importers/remark.ts";
import { oneAgent } from "../../src/importers/suprsync/choose-instances.ts";
import { importAgents } from "../../src/importers/suprsync/import-agents.ts";
import { readSiteConfig } from "../../src/importers/suprsync/site-config.ts";
import { textOf } from "./sources.ts";

const service = z.object({
  hostname: z.string(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  volumes: z.array(z.string()),
});
const text = textOf("examples/suprsync/compose.yaml");
const { services } = z.object({ services: z.record(z.string(), service) }).parse(parse(text, { merge: true }));

test("each service of the compose example finds an agent in the example's site configuration, which comes to a good flow", () => {
  const remarks = new Remarks();
  const site = readSiteConfig(textOf("examples/suprsync/config/default.yaml"), "default.yaml", remarks);
  expect(remarks.all.map(formatRemark)).toEqual([]);
  const flows = Object.values(services).map(({ hostname, environment }) => {
    const agent =
      site === null ? null : oneAgent(site, { instance: environment["INSTANCE_ID"] ?? null, host: null, hostName: hostname }, remarks);
    const words = [...(agent?.words ?? []), { text: `--instance-id=${agent?.id}`, at: null }];
    const machine = { homeDirectory: "/home/cryo", workingDirectory: "/" };
    const imported = importAgents([{ words, about: "" }], { head: "", machine, ssh: ["ssh"] });
    expect(imported.remarks.filter(({ kind }) => kind !== "note").map(formatRemark)).toEqual([]);
    return imported.flows;
  });
  expect(flows).toEqual([["timestreams"], ["smurf"]]);
});

test("the compose example runs a command that hotdir has, keeps each agent's state apart, and fills in what its environment has", async () => {
  const states = Object.values(services).map(({ command: [name = "", ...args], environment, volumes }) => {
    expect(name).toBe("suprsync");
    expect(volumes.some((volume) => volume.split(":")[1] === environment["OCS_CONFIG_DIR"])).toBe(true);
    const state = args[args.indexOf("--state-dir") + 1];
    return volumes.find((volume) => volume.endsWith(`:${state}`));
  });
  expect(new Set(states).size).toBe(2);
  expect(states).not.toContain(undefined);
  const known = Object.keys((await loadCommand("suprsync"))?.options ?? {});
  for (const word of Object.values(services).flatMap(({ command }) => command.filter((one) => one.startsWith("--"))))
    expect(known).toContain(word.slice(2));
  const named = [...textOf("examples/suprsync/example.env").matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]);
  const used = [...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1]);
  expect(new Set(used)).toEqual(new Set(named));
});
