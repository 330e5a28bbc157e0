import { expect, test } from "vitest";
import { renderFaults } from "./fault.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

/** Everything on the third line, so that faults name it. */
function parsed(completion: string, more = "", destination = "{url: 'file:/out'}"): ReturnType<typeof parseConfiguration> {
  return parseConfiguration(
    `flows:\n  f:\n    {source: {directory: /in}, destination: ${destination}, completion: ${completion}${more}}`,
    "/etc/hotdir.yaml",
    options,
  );
}

function faults(...args: Parameters<typeof parsed>): string {
  const loaded = parsed(...args);
  return loaded.ok ? "none" : renderFaults(loaded.faults);
}

test("with sets and a rule alone the manifest is JSON beside its set, below the state directory", () => {
  const loaded = parsed("{sets: 'runs/[^/]+', whole: {marker: DONE}}");
  expect(loaded.ok && loaded.configuration.flows[0]?.completion).toEqual({
    sets: /runs\/[^/]+/u,
    whole: { kind: "marker", marker: "DONE" },
    manifest: { format: "json", directory: null, path: "${set}.manifest.json", instance: null, archive: "f" },
  });
});

test("what can never be a set, or a manifest of its own, is refused with the line and what to write", () => {
  const wrong: Array<[Parameters<typeof parsed>, RegExp]> = [
    [["{whole: timecode}"], /hotdir\.yaml:3:\d+: .*"sets" is missing/],
    [["{sets: '[', whole: timecode}"], /not a regular expression/],
    [["{sets: a, whole: timecodes}"], /timecode/],
    [["{sets: a, whole: {}}"], /expected marker, count or quiet/],
    [["{sets: a, whole: {marker: D, count: 2}}"], /either marker or count, not both/],
    [["{sets: a, whole: {marker: a/b}}"], /no \/ and no NUL/],
    [["{sets: a, whole: {count: 0}}"], /count/],
    [["{sets: a, whole: timecode, manifest: {format: xml}}"], /json, sums/],
    [["{sets: a, whole: timecode, manifest: {format: suprsync}}"], /write manifest\.instance/],
    [["{sets: a, whole: timecode, manifest: {path: '${set}/${instance}'}}"], /write manifest\.instance/],
    [["{sets: a, whole: timecode, manifest: {path: all.json}}"], /put \$\{set\} or \$\{name\} into it/],
    [["{sets: a, whole: timecode, manifest: {path: '/m/${set}'}}"], /below the destination/],
    [["{sets: a, whole: timecode, manifest: {path: '../${set}'}}"], /no \. or \.\./],
    [["{sets: a, whole: timecode, manifest: {path: '${sets}'}}"], /variable sets/],
    [["{sets: a, whole: timecode, manifest: {directory: /in/m}}"], /inside the source/],
    [["{sets: a, whole: timecode}", ", vip: 10.0.0.1"], /one ledger decides/],
    [["{sets: a, whole: timecode, manifest: {format: sums}}", "", "{url: 'file:/out', verify: size}"], /verify: size makes none/],
    [["{sets: a, whole: timecode}", "", "{publish: {broker: 'amqp://u@h', exchange: x}}"], /no file is moved/],
  ];
  for (const [args, message] of wrong) expect(faults(...args), args[0]).toMatch(message);
});
