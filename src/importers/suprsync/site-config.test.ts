import { expect, test } from "vitest";
import { formatRemark, Remarks } from "../remark.ts";
import { allAgents, oneAgent, type Wanted } from "./choose-instances.ts";
import { readSiteConfig, type SiteConfig } from "./site-config.ts";

/** As OCS's documentation has it: braces that close where the key begins, arguments in both forms, and agents of other classes. */
const SITE = `hub:
  wamp_server: ws://10.10.10.3:8001/ws
  wamp_realm: test_realm
  address_root: observatory
hosts:
  smurf-srv20: {
    'log-dir': '/log/ocs/',
    'agent-instances': [
      {'agent-class': 'Lakeshore240Agent',
       'instance-id': 'thermo1',
       'arguments': [['--serial-number', 'LSA11AA'], {'odd': 1}]},
      {'agent-class': 'SupRsync',
       'instance-id': 'timestream-sync',
       'arguments':[
         '--archive-name', 'timestreams',
         '--delete-local-after', 604800,
         ['--max-copy-attempts', '10'],
       ]},
      {'agent-class': 'SupRsync', 'instance-id': 'smurf-sync', 'arguments': []},
    ]
  }
  smurf-srv21:
    agent-instances:
      - agent-class: SupRsync
        instance-id: smurf-sync-srv21
        arguments:
          - [--archive-name, smurf]
          - [--compression]
`;

function read(text: string): { site: SiteConfig | null; said: string[] } {
  const remarks = new Remarks();
  return { site: readSiteConfig(text, "default.yaml", remarks), said: remarks.all.map(formatRemark) };
}

function choose(wanted: Partial<Wanted>): { id: string | null; said: string[] } {
  const { site } = read(SITE);
  if (site === null) throw new Error("the site configuration is good");
  const remarks = new Remarks();
  const chosen = oneAgent(site, { instance: null, host: null, hostName: "elsewhere", ...wanted }, remarks);
  return { id: chosen === null ? null : `${chosen.host}/${chosen.id}`, said: remarks.all.map(formatRemark) };
}

test("a site configuration as OCS documents it gives each agent's arguments as one list of words, with their lines", () => {
  const { site, said } = read(SITE);
  expect(said).toEqual([]);
  expect(site?.hosts).toEqual(["smurf-srv20", "smurf-srv21"]);
  expect(site?.instances.map(({ id, agentClass }) => [id, agentClass])).toEqual([
    ["thermo1", "Lakeshore240Agent"],
    ["timestream-sync", "SupRsync"],
    ["smurf-sync", "SupRsync"],
    ["smurf-sync-srv21", "SupRsync"],
  ]);
  expect(site?.instances[1]?.words.map(({ text, at }) => `${at?.line} ${text}`)).toEqual([
    "15 --archive-name",
    "15 timestreams",
    "16 --delete-local-after",
    "16 604800",
    "17 --max-copy-attempts",
    "17 10",
  ]);
  expect(site?.instances[3]?.words.map(({ text }) => text)).toEqual(["--archive-name", "smurf", "--compression"]);
});

test.each([
  ["", "default.yaml:1: there is no hosts: this is no OCS site configuration"],
  ["hosts: [a]", "default.yaml:1: a map is expected behind hosts: this is no OCS site configuration"],
  ["hosts:\n  a: 5\n", "default.yaml:2: hosts: a: agent-instances and other keys are expected, found a number"],
  ["hosts:\n  a:\n    agent-instances: {b: 1}\n", "default.yaml:3: a: agent-instances: a list is expected, found a map"],
  [
    "hosts:\n  a:\n    agent-instances:\n      - text\n",
    "default.yaml:4: a: agent-instances: an agent is a map with instance-id, found text",
  ],
  ["hosts:\n  a:\n    agent-instances:\n      - agent-class: SupRsync\n", "default.yaml:4: a: this SupRsync has no instance-id"],
  [
    "hosts:\n  a:\n    agent-instances:\n      - agent-class: SupRsync\n        instance-id: b\n        arguments: --compression\n",
    "default.yaml:6: b: arguments: a list is expected, found text",
  ],
  [
    "hosts:\n  a:\n    agent-instances:\n      - agent-class: SupRsync\n        instance-id: b\n        arguments: [[--bwlimit, {K: 5}]]\n",
    "default.yaml:6: b: arguments: an argument or its value is expected, found a map",
  ],
])("what is wrong in %j is told with its line", (text, message) => {
  expect(read(text).said).toEqual([message]);
});

test("text that is no YAML is told with its line, and nothing else is said", () => {
  const { site, said } = read("hosts:\n  a: [\n");
  expect(site).toBeNull();
  expect(said[0]).toMatch(/^default\.yaml:\d: /);
});

test("an agent is found as OCS finds it: on the named host, else on this machine, by its name or as the only one of its class", () => {
  expect(choose({ hostName: "smurf-srv20", instance: "smurf-sync" })).toEqual({ id: "smurf-srv20/smurf-sync", said: [] });
  expect(choose({ hostName: "smurf-srv20", host: "smurf-srv21" })).toEqual({ id: "smurf-srv21/smurf-sync-srv21", said: [] });
  const { id, said } = choose({ instance: "timestream-sync" });
  expect(id).toBe("smurf-srv20/timestream-sync");
  expect(said).toEqual([
    "default.yaml:12: assumed: this machine (elsewhere) is none of the hosts; timestream-sync is taken from smurf-srv20",
  ]);
});

test.each<[string, Partial<Wanted>, string]>([
  [
    "a misspelt instance",
    { hostName: "smurf-srv20", instance: "smurf-snyc" },
    'default.yaml:1: there is no agent "smurf-snyc" of smurf-srv20; SupRsync has timestream-sync, smurf-sync; did you mean "smurf-sync"?',
  ],
  [
    "several that could be meant",
    { hostName: "smurf-srv20" },
    "default.yaml:1: several agents could be meant (timestream-sync, smurf-sync): name one with --instance-id",
  ],
  [
    "an agent of another class",
    { hostName: "smurf-srv20", instance: "thermo1" },
    "default.yaml:9: thermo1 is an agent of the class Lakeshore240Agent, not SupRsync",
  ],
  [
    "a misspelt host",
    { host: "smurf-srv22" },
    'default.yaml:1: hosts: there is no smurf-srv22; there are smurf-srv20, smurf-srv21; did you mean "smurf-srv20"?',
  ],
])("%s is refused with what there is", (_, wanted, message) => {
  expect(choose(wanted)).toEqual({ id: null, said: [message] });
});

test("without a name all agents of the class are taken, of one host or of all", () => {
  const { site } = read(SITE);
  const ids = (host: string | null): string[] => allAgents(site!, { host }, new Remarks()).map(({ id }) => id);
  expect(ids(null)).toEqual(["timestream-sync", "smurf-sync", "smurf-sync-srv21"]);
  expect(ids("smurf-srv21")).toEqual(["smurf-sync-srv21"]);
  const remarks = new Remarks();
  expect(allAgents({ ...site!, instances: [] }, { host: null }, remarks)).toEqual([]);
  expect(remarks.all.map(formatRemark)).toEqual(["default.yaml:1: there is no agent of the class SupRsync"]);
});
