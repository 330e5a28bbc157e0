import { expect, test } from "vitest";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

function faultsOf(source: string): unknown {
  const text = `flows:
  a:
    source: ${source}
    destination: {url: 'sftp://hub/~/in'}
    retain: {delete_after: 7d, empty_directories_after: 1d}
`;
  const parsed = parseConfiguration(text, "/etc/hotdir.yaml", options);
  return parsed.ok ? [] : parsed.faults.map(({ line, path, message, suggestion }) => ({ line, path, message, suggestion }));
}

test("empty directories are removed only where a directory is watched", () => {
  const fault = {
    line: 5,
    path: "flows.a.retain.empty_directories_after",
    message: "no directory is removed where none is watched: leave it out, or watch a directory",
    suggestion: "source: {directory: DIRECTORY}",
  };
  expect(faultsOf("{posts: true}")).toEqual([fault]);
  expect(faultsOf("{posts: {base: /data}}")).toEqual([fault]);
  expect(faultsOf("{directory: /data}")).toEqual([]);
});

test("removals are not propagated where another host removes delivered files from the same source", () => {
  const of = (more: string): Array<string | undefined> => {
    const text = `flows:\n  a:\n    source: {directory: /data, propagate: [put, delete]}\n    destination: {url: 'sftp://hub/~/in'}\n${more}`;
    const parsed = parseConfiguration(text, "/etc/hotdir.yaml", options);
    return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path}: ${message}`);
  };
  expect(of("    vip: 10.1.2.3\n    retain: {delete_after: 7d}\n")).toEqual([
    expect.stringMatching(/^flows\.a\.source\.propagate.*: with vip and retain no removals are propagated/),
  ]);
  expect(of("    vip: 10.1.2.3\n    retain: {hold: /held}\n")).toHaveLength(1);
  for (const good of ["    vip: 10.1.2.3\n", "    retain: {delete_after: 7d}\n"]) expect(of(good)).toEqual([]);
});
