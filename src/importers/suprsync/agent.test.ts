import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeDocument } from "../native-document.ts";
import { formatRemark, Remarks } from "../remark.ts";
import { type Agent, readAgent } from "./agent.ts";
import { agentFlow, flowNameOf } from "./agent-flow.ts";
import { argumentNames } from "./argument-table.ts";
import { typed } from "./words.ts";

const machine = { homeDirectory: "/home/cryo", workingDirectory: "/srv" };
const needed =
  "--archive-name smurf --remote-basedir /data/smurf --db-path /db/suprsync.db --suprsync-file-root /data/so --instance-id sync";

function read(line: string | string[]): { agent: Agent | null; said: string[] } {
  const remarks = new Remarks();
  const words = typeof line === "string" ? line.split(" ") : line;
  const agent = readAgent(typed(words), machine, remarks);
  return { agent, said: remarks.all.map(formatRemark) };
}

function documentOf(line: string | string[]): string {
  const { agent, said } = read(line);
  if (agent === null) throw new Error(said.join("\n"));
  return writeDocument([agentFlow(agent, { name: flowNameOf(agent), about: "", ssh: ["ssh"] })], [], []);
}

describe("arguments", () => {
  test("are read with a blank, with =, cut short where one alone begins like that, and the last one counts", () => {
    expect(read(needed)).toMatchObject({ said: [], agent: { archive: "smurf", database: "/db/suprsync.db", instance: "sync" } });
    const { agent } = read(`${needed} --archive-name=ti=me --max 7 --max-copy-attempts=9 --comp`);
    expect(agent).toMatchObject({ archive: "ti=me", attemptsMax: 9, compress: true });
  });

  test("that are not given are what they are in the original", () => {
    expect(read(needed).agent).toMatchObject({
      host: null,
      sshKey: null,
      deleteAfterS: null,
      attemptsMax: 5,
      sleepS: 60,
      compress: false,
      bytesPerS: null,
      chmod: "g+rwX,o+rX",
    });
  });

  test("may hold paths that begin in the home or the working directory, and numbers in Python's forms", () => {
    const { agent } = read(
      `${needed} --db-path ~/so.db --suprsync-file-root so --ssh-host hub --ssh-key ~/.ssh/id --sleep-time 1e1 --delete .5`,
    );
    expect(agent).toMatchObject({
      database: "/home/cryo/so.db",
      fileRoot: "/srv/so",
      sshKey: "/home/cryo/.ssh/id",
      sleepS: 10,
      deleteAfterS: 0.5,
    });
  });

  test.each<[string | string[], string]>([
    [`${needed} --archve-name x`, 'there is no argument --archve-name; did you mean "--archive-name"?'],
    [
      `${needed} --s x`,
      "--s could be --suprsync-file-root or --ssh-host or --ssh-key or --sleep-time or --site-hub or --site-http or --site-realm",
    ],
    [`${needed} stray`, '"stray" stands where an argument such as --archive-name is expected'],
    [`${needed} --bwlimit`, "--bwlimit needs a value"],
    [`${needed} --bwlimit --compression`, "--bwlimit needs a value"],
    [`${needed} --compression=yes`, "--compression takes no value"],
    [`${needed} --max-copy-attempts many`, '--max-copy-attempts "many": a whole number is expected, such as 5'],
    [`${needed} --max-copy-attempts 0`, "--max-copy-attempts 0: it is at least 1"],
    [`${needed} --max-copy-attempts 1.5`, '--max-copy-attempts "1.5": a whole number is expected, such as 5'],
    [`${needed} --sleep-time -1`, '--sleep-time "-1": a number of seconds is expected, such as 60'],
    [`${needed} --delete-local-after 7d`, '--delete-local-after "7d": a number of seconds is expected, such as 60'],
    [`${needed} --delete-local-after 1e99`, "--delete-local-after 1e99: that is more than a century"],
    [`${needed} --copy-timeout soon`, '--copy-timeout "soon": a number of seconds is expected, such as 60'],
    [`${needed} --chmod g+q`, `--chmod: "g+q": "q" is no permission; there are r, w, x, X, s and t, or one of u, g and o to copy theirs`],
    [`${needed} --bwlimit fast`, `--bwlimit: "fast" is not a rate as rsync's --bwlimit takes it, such as 5000, 1.5m or 20MB`],
    [`${needed} --ssh-host @`, '--ssh-host "@": USER@HOST or HOST is expected, as ssh takes it'],
    [`${needed} --ssh-host cryo@hub:/data`, '--ssh-host "cryo@hub:/data": USER@HOST or HOST is expected, as ssh takes it'],
    [
      [...needed.split(" "), "--ssh-host=-oProxyCommand=x"],
      '--ssh-host "-oProxyCommand=x": USER@HOST or HOST is expected, as ssh takes it',
    ],
    [[...needed.split(" "), "--ssh-host=-l x@hub"], '--ssh-host "-l x@hub": what stands before @ is no user'],
    [`${needed} --instance-id a/b`, '--instance-id "a/b": it becomes the name of a directory, so that it has no / in it'],
    [`${needed} --db-path=`, "--db-path is empty"],
  ])("%j is refused with one line", (line, message) => {
    const { agent, said } = read(line);
    expect(agent).toBeNull();
    expect(said.filter((text) => !text.startsWith("--copy-timeout soon:"))).toEqual([message]);
  });

  test("that are missing are told, all at once", () => {
    expect(read("--archive-name smurf").said).toEqual([
      "--remote-basedir is missing: the directory that remote paths begin in",
      "--db-path is missing: the SQLite database; it is made where it is missing",
      "--suprsync-file-root is missing: where finalization files are written on this machine, before they are sent",
      "assumed: --instance-id is smurf, as the archive: it stands in the paths of finalization files",
    ]);
  });

  test("that do nothing here are taken, each with what it is here", () => {
    const { agent, said } = read(
      `${needed} --copy-timeout 60 --db-echo --db-pool-size 5 --site-hub ws://h:8001/ws --log-dir /log --ssh-key=`,
    );
    expect(agent).not.toBeNull();
    expect(said.map((text) => text.split(":")[0])).toEqual([
      "--copy-timeout 60",
      "--db-echo",
      "--db-pool-size 5",
      "--site-hub ws",
      "--log-dir /log",
      "--ssh-key is empty",
    ]);
  });

  test("whatever the words, something is made or said, and nothing thrown", () => {
    const word = fc.oneof(
      fc.constantFrom(...argumentNames.map((name) => `--${name}`)),
      fc.string({ unit: "binary" }),
      fc.constantFrom("1", "/a", "=", "-"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const { agent, said } = read(words);
        expect(agent !== null || said.length > 0).toBe(true);
      }),
    );
  });
});

describe("the native form", () => {
  test("of an agent as it is documented has each key with the argument that it comes from", () => {
    expect(
      documentOf(
        "--archive-name timestreams --remote-basedir /path/to/base/dir/timestreams --db-path /data/so/dbs/suprsync.db --ssh-host cryo@daq --ssh-key /home/cryo/.ssh/id --delete-local-after 604800 --max-copy-attempts 10 --suprsync-file-root /data/so/suprsync --instance-id timestream-sync",
      ),
    ).toBe(`flows:
  timestreams:
    source:
      table:
        database: /data/so/dbs/suprsync.db                  # --db-path
        where:
          archive_name: timestreams                         # --archive-name
        poll: 1m                                            # the default of --sleep-time
    destination:
      url: sftp://cryo@daq/path/to/base/dir/timestreams     # --ssh-host, --remote-basedir
      ssh: [ssh, '-i', /home/cryo/.ssh/id]                  # --ssh-key
      verify: md5                                           # the table holds MD5s
      preserve: [mtime, mode]
      chmod: 'g+rwX,o+rX'                                   # the default of --chmod
    retry:
      attempts: 10                                          # --max-copy-attempts
      backoff: 1m..10m                                      # the default of --sleep-time
    retain:
      delete_after: 7d                                      # --delete-local-after, from the row's timestamp on
    completion:
      sets: '\\d{5}'                                         # timecode directories
      whole: timecode
      manifest:
        format: suprsync
        directory: /data/so/suprsync                        # --suprsync-file-root
        instance: timestream-sync                           # --instance-id
        archive: timestreams                                # --archive-name
`);
  });

  test("without a host is a directory of this machine; limits and an empty chmod are carried over, compression only where there is a host", () => {
    const text = documentOf([
      ...needed.split(" "),
      "--remote-basedir",
      "/da ta/#1",
      "--bwlimit",
      "1.5M",
      "--compression",
      "--chmod=",
      "--sleep-time",
      "900",
    ]);
    expect(text).toContain("url: file:/da ta/%231 ");
    expect(text).toMatch(/bandwidth: 1536K\/s +# --bwlimit/);
    // Nothing travels that could be compressed.
    expect(text).not.toContain("compress");
    expect(documentOf([...needed.split(" "), "--ssh-host", "hub", "--compression"])).toMatch(/compress: true +# --compression/);
    expect(text).toContain("preserve: [mtime]\n");
    expect(text).not.toContain("chmod");
    expect(text).not.toContain("retain");
    expect(text).toContain("backoff: 15m..15m");
  });

  test.each([
    ["data", "sftp://cryo@hub/~/data"],
    ["~/data", "sftp://cryo@hub/~/data"],
    ["~", "sftp://cryo@hub/~/"],
    ["/data", "sftp://cryo@hub/data"],
    ["/a%b?c", "sftp://cryo@hub/a%25b%3Fc"],
  ])("of the remote directory %s is %s", (directory, url) => {
    const text = documentOf([...needed.split(" "), "--ssh-host=cryo@hub", `--remote-basedir=${directory}`]);
    expect(/url: '?(\S+?)'? /.exec(text)?.[1]).toBe(url);
  });

  test("of an IPv6 address has brackets, and of an archive with odd letters a name that is a flow's", () => {
    const text = documentOf([...needed.split(" "), "--ssh-host=fe80::1", "--archive-name=smurf: a'b\n"]);
    expect(text).toContain("url: 'sftp://[fe80::1]/data/smurf'");
    expect(text).toContain("  smurf__a_b_:\n");
    expect(text).toContain(String.raw`archive_name: "smurf: a'b\n"`);
  });
});
