import { expect, test } from "vitest";
import { canonical } from "../../config/difference.ts";
import { type Configuration, parseConfiguration } from "../../config/parse.ts";
import { compare } from "../probe/in-force.ts";
import { comparisonText } from "./comparison-text.ts";
import { plain } from "./terminal.ts";

function parse(text: string): Configuration {
  const loaded = parseConfiguration(text, "/etc/new.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  return loaded.configuration;
}

const base = `flows:
  kept: {source: {directory: /a}, destination: {url: 'file:/1'}}
  changed:
    source: {directory: /b}
    destination:
      url: sftp://hub/~/in
`;
const running = {
  file: "/etc/old.yaml",
  flows: Object.fromEntries(
    parse(`${base}      lanes: 7\n  gone: {source: {directory: /c}, destination: {url: 'file:/3'}}\n`).flows.map((flow) => [
      flow.name,
      canonical(flow),
    ]),
  ),
};

test("what is added, removed and changed is told with old and new value and the line, and what a reload does to each", () => {
  const next = parse(
    `${base}      bandwidth: 20MB/s\n    retain:\n      hold: /held\n  fresh: {source: {directory: /d}, destination: {url: 'file:/4'}}\n`,
  );
  expect(comparisonText({ pid: 47, ...compare(next, running) }, "/etc/new.yaml", plain)).toMatchInlineSnapshot(`
    "Not in force yet: the daemon runs with other settings
      ~ changed: changed; a reload starts it anew: what is under way ends or is handed back, uncounted
          destination.lanes: 7 → 5  (default)
          destination.bandwidth: unlimited → 20MB/s  (/etc/new.yaml:7)
          retain: keep → {hold: /held}  (/etc/new.yaml:9)
      + fresh: new; a reload starts it
      - gone: gone; a reload ends it, and what it has queued waits in the ledger until it is back
      it runs with /etc/old.yaml: put the changes there, then 'kill -HUP 47'
    "
  `);
});

test("where nothing differs that is all that is said", () => {
  const same = { file: "/etc/new.yaml", flows: { kept: running.flows["kept"]! } };
  const next = parse("flows:\n  kept: {source: {directory: /a}, destination: {url: 'file:/1'}}\n");
  expect(comparisonText({ pid: 47, ...compare(next, same) }, "/etc/new.yaml", plain)).toBe(
    "The daemon runs with these settings: /etc/new.yaml\n",
  );
  expect(comparisonText({ pid: 47, ...compare(next, same) }, "/tmp/copy.yaml", plain)).toBe(
    "The daemon runs with the same settings, from /etc/new.yaml\n",
  );
});
