import { expect, it } from "vitest";
import { renderFaults } from "./fault.ts";
import { type Configuration, parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const flows = "flows: {a: {source: {directory: /d}, destination: {url: 'file:/o'}}}";

function read(text: string): Configuration {
  const loaded = parseConfiguration(`${flows}\n${text}`, "/etc/hotdir/hotdir.yaml", options);
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  return loaded.configuration;
}

function faultsOf(text: string, flow = flows): string {
  const loaded = parseConfiguration(`${flow}\n${text}`, "x.yaml", options);
  return loaded.ok ? "" : renderFaults(loaded.faults);
}

it("without a word of them, nobody is told, and the log has its defaults", () => {
  const {
    daemon,
    flows: [flow],
  } = read("");
  expect(daemon.alerts).toEqual({
    command: null,
    webhook: null,
    on: { waitingAboveMs: 600_000, halted: true, freshnessAboveMs: 3_600_000, deadLetter: true, lowSpace: true },
    groupMs: 30_000,
    repeatMs: 86_400_000,
  });
  expect(daemon.log).toEqual({ level: "info", rotate: { sizeBytesMax: 32 * 2 ** 20, filesMax: 8 } });
  expect([flow?.log, flow?.alerts]).toEqual([null, {}]);
});

it("a webhook is an address, or a file that holds it; paths begin at home or beside the configuration", () => {
  expect(read("alerts: {webhook: 'https://x.org/y'}").daemon.alerts.webhook).toEqual({
    url: { kind: "written", url: "https://x.org/y" },
    headersFile: null,
  });
  expect(read("alerts: {webhook: {url_file: ~/w, headers_file: h}}").daemon.alerts.webhook).toEqual({
    url: { kind: "file", path: "/home/u/w" },
    headersFile: "/etc/hotdir/h",
  });
  expect(read("alerts: {command: [~/tell, ~x, '%s']}").daemon.alerts.command).toEqual(["/home/u/tell", "~x", "%s"]);
});

it("thresholds may be off, and a flow has its own where it says so", () => {
  expect(read("alerts: {on: {waiting_above: off, halted: false}}").daemon.alerts.on).toMatchObject({
    waitingAboveMs: null,
    halted: false,
    deadLetter: true,
  });
  const own = (alerts: string): unknown => {
    const loaded = parseConfiguration(flows.replace("{source", `{alerts: ${alerts}, log: debug, source`), "x.yaml", options);
    return loaded.ok ? loaded.configuration.flows[0]?.alerts : loaded.faults;
  };
  expect(own("{freshness_above: 4h, low_space: false}")).toEqual({ freshnessAboveMs: 4 * 3_600_000, lowSpace: false });
  expect(own("off")).toEqual({ waitingAboveMs: null, halted: false, freshnessAboveMs: null, deadLetter: false, lowSpace: false });
});

it("what cannot be is refused with what to write instead", () => {
  expect(faultsOf("alerts: {webhook: {headers_file: h}}")).toMatch(/a webhook needs a url/);
  expect(faultsOf("alerts: {webhook: {url: 'https://x.org/', url_file: f}}")).toMatch(/either url or url_file/);
  expect(faultsOf("alerts: {webhook: 'ftp://x.org/'}")).toMatch(/http: or https: address/);
  expect(faultsOf("alerts: {on: {waiting_above: 10}}")).toMatch(/did you mean "10s"/);
  expect(faultsOf("alerts: {on: {halte: true}}")).toMatch(/did you mean "halted"/);
  expect(faultsOf("log: {level: loud}")).toMatch(/unknown value "loud"; expected debug, info, warn, error/);
  expect(faultsOf("log: {rotate: {size: 1K}}")).toMatch(/at least 64K/);
  expect(faultsOf("", flows.replace("{source", "{log: informed, source"))).toMatch(/unknown value "informed"/);
});

it("no fault shows an address that is a secret", () => {
  for (const text of [
    "alerts: {webhook: 'https://hooks.x.org/s3cret/T1', on: 5}",
    "alerts: {webhook: 'https://me:s3cret@x.org/'}",
    "alerts: {webhook: {url: https://x.org/s3cret, urls: 1}}",
    "alerts: {webhook: hooks.slack.com/services/s3cret}",
    "alerts: {webhook: {url: 'htps://x.org/s3cret'}}",
    "alerts:\n  webhook:\n    url: [https://x.org/a/s3cret]",
    "alerts: {group: soon, webhook: https://x.org/s3cret }",
  ]) {
    expect(faultsOf(text), text).toMatch(/x\.yaml:\d+/);
    expect(faultsOf(text), text).not.toContain("s3cret");
  }
});
