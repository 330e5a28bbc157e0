import { expect, test } from "vitest";
import { parseConfiguration } from "../../config/parse.ts";
import { formatRemark } from "../remark.ts";
import { importAgents, type ImportedAgents } from "./import-agents.ts";
import { typed } from "./words.ts";

const machine = { homeDirectory: "/home/cryo", workingDirectory: "/srv" };
const needed = "--remote-basedir /data --db-path /db/suprsync.db --suprsync-file-root /data/so --instance-id sync";

function importLines(...lines: string[]): ImportedAgents {
  const given = lines.map((line) => ({ words: typed(`${needed} ${line}`.split(" ")), about: "" }));
  return importAgents(given, { head: "Made by a test.", machine, ssh: ["ssh"] });
}

test("what is printed is what the loader takes, with all that an agent can be told", () => {
  const { yaml, flows, remarks } = importLines(
    "--archive-name timestreams --ssh-host cryo@daq --ssh-key ~/.ssh/id --delete-local-after 604800 --max-copy-attempts 10 --bwlimit 1.5M --compression --chmod Dg+s,ug+w --sleep-time 5 --copy-timeout 60",
    "--archive-name timestreams",
  );
  expect(flows).toEqual(["timestreams", "timestreams_2"]);
  expect(remarks.map(formatRemark)).toEqual([expect.stringMatching(/^--copy-timeout 60: a copy that gets on is never ended/)]);
  const parsed = parseConfiguration(yaml ?? "", "hotdir.yaml", { env: {}, homeDirectory: "/home/cryo", defaultSsh: ["ssh"] });
  if (!parsed.ok) throw new Error("our own loader refuses it");
  const [flow] = parsed.configuration.flows;
  expect(flow).toMatchObject({
    source: { kind: "table", database: "/db/suprsync.db", where: [{ column: "archive_name", value: "timestreams" }], pollMs: 5000 },
    destination: {
      place: { kind: "sftp", user: "cryo", host: "daq", directory: "/data", ssh: ["ssh", "-i", "/home/cryo/.ssh/id"], compress: true },
      verify: "md5",
      chmod: { text: "Dg+s,ug+w" },
    },
    retry: { attemptsMax: 10, backoff: { minMs: 5000, maxMs: 600_000 } },
    completion: { whole: { kind: "timecode" }, manifest: { directory: "/data/so", instance: "sync", archive: "timestreams" } },
  });
  expect(yaml).toContain("# Notes of the import\n# - --copy-timeout 60: ");
});

test("what the loader refuses is told of the argument's key, and nothing is printed", () => {
  const { yaml, remarks } = importLines("--archive-name smurf --ssh-host daq --remote-basedir /data/../so");
  expect(yaml).toBeNull();
  expect(remarks.map(formatRemark)).toEqual([expect.stringMatching(/^destination\.url: a destination has no \.\. in it/)]);
});
