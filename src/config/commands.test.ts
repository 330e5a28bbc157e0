import { describe, expect, it } from "vitest";
import { renderFaults } from "./fault.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: { USER: "bob" }, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

const good = `flows:
  a:
    source: {directory: /in}
    destination:
      directory: /data/buffer
      inflight: {staging: /data/staging}
      commands:
        transfer: 'scp -P {port} {file} {user}@h:{dest}'
        remote: 'ssh -p {port} {user}@h "{command}"'
        parameters: {user: "\${USER}", port: 22}
`;

const faultsOf = (text: string): string => {
  const loaded = parseConfiguration(text, "hotdir.yaml", options);
  return loaded.ok ? "" : renderFaults(loaded.faults);
};

it("commands with their defaults, numbers among the parameters, and variables", () => {
  const loaded = parseConfiguration(good, "hotdir.yaml", options);
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  const { place, inflight } = loaded.configuration.flows[0]!.destination;
  expect(place).toMatchObject({ kind: "commands", directory: "/data/buffer", batchMax: 10, stillMs: null, journal: null });
  expect(inflight).toEqual({ kind: "staging", directory: "/data/staging" });
  const words =
    place.kind === "commands"
      ? place.transfer.words.map((pieces) => pieces.map((piece) => (piece.kind === "text" ? piece.text : piece.place)).join("|"))
      : [];
  expect(words).toEqual(["scp", "-P", "22", "file", "bob@h:|dest"]);
});

describe("each fault has one line that says where and what", () => {
  it.each<[string, string | RegExp, string, RegExp]>([
    ["an unknown parameter", "{user}@h:", "{usr}@h:", /hotdir\.yaml:8:\d+.*parameter \{usr\} is used and not defined.*\{user\}/s],
    ["a reserved name", "port: 22", "port: 22, batch: 3", /hotdir\.yaml:10:\d+.*"batch" is no name for a parameter/s],
    ["no {dest}", ":{dest}", "", /hotdir\.yaml:8:\d+.*no \{dest\}/s],
    ["an open quotation", '"{command}"', '"{command}', /hotdir\.yaml:9:\d+.*quotation that begins with " is not closed/s],
    ["no directory", "directory: /data/buffer\n", "\n", /hotdir\.yaml:\d+:\d+.*needs its directory/s],
    ["a relative directory", "/data/buffer", "data/buffer", /hotdir\.yaml:5:\d+.*no whole path/s],
    [
      "a staging directory that tools misread",
      "/data/staging",
      "/data/sta ging",
      /hotdir\.yaml:6:\d+.*tools read its characters differently/s,
    ],
    [
      "staging that is the destination",
      "staging: /data/staging",
      "staging: /data/buffer/",
      /hotdir\.yaml:6:\d+.*is the destination itself/s,
    ],
    ["a url as well", "directory: /data/buffer", "directory: /data/buffer\n      url: file:/x", /either url or commands/],
    [
      "a key that does nothing",
      "inflight:",
      "bandwidth: 1MB/s\n      inflight:",
      /hotdir\.yaml:6:\d+.*with commands: they move the bytes/s,
    ],
    ["a journal without its digest", "commands:", "commands:\n        journal: ~/j.db", /needs verify: blake2b/],
    [
      "messages as the source",
      "{directory: /in}",
      "{subscribe: {broker: 'amqp://u@h', exchange: x}}",
      /commands send files of this machine/,
    ],
    ["an unknown key", "transfer:", "transver:", /unknown key "transver".*transfer/s],
  ])("%s", (_, before, after, message) => {
    expect(faultsOf(good.replace(before, after))).toMatch(message);
  });

  it("a directory without commands is none", () => {
    expect(faultsOf("flows: {a: {source: {directory: /in}, destination: {directory: /x, url: 'file:/y'}}}")).toMatch(
      /directory goes with commands/,
    );
  });
});
