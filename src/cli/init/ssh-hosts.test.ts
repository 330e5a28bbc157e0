import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { describeHost, hostNames, resolveHosts, sshConfigFile } from "./ssh-hosts.ts";

test("hosts are listed in their order, with those of included files, and without patterns", async () => {
  await using home = await makeTemporary();
  mkdirSync(`${home.path}/.ssh/conf.d`, { recursive: true });
  const file = `${home.path}/.ssh/config`;
  writeFileSync(`${home.path}/.ssh/conf.d/a.conf`, "Host=inner # a comment\n  User x\nHost cluster\n");
  writeFileSync(`${home.path}/.ssh/conf.d/b.conf`, 'host "with blank" b\n');
  writeFileSync(
    file,
    [
      "# Host commented",
      "Host *.example.org !bad.example.org web?",
      "HOST cluster\tarchive  -oProxyCommand=evil",
      "  HostName login.example.org",
      "Include conf.d/*.conf",
      "Include ~/.ssh/config",
      `Include ${home.path}/.ssh/none`,
      "Match host y exec true",
      "Host *",
    ].join("\n"),
  );
  expect(hostNames(file, home.path)).toEqual(["cluster", "archive", "inner", "with blank", "b"]);
  expect(hostNames(`${home.path}/.ssh`, home.path)).toEqual([]);
});

test("the file is the one that the ssh command names", () => {
  expect(sshConfigFile(["ssh"], "/home/u")).toBe("/home/u/.ssh/config");
  expect(sshConfigFile(["ssh", "-4", "-F", "/x"], "/home/u")).toBe("/x");
  expect(sshConfigFile(["ssh", "-F/x"], "/home/u")).toBe("/x");
});

test("ssh itself says what a name stands for", async () => {
  await using home = await makeTemporary();
  const file = `${home.path}/config`;
  writeFileSync(file, "Host cluster\n  HostName login.example.org\n  User me\nHost odd\n  HostName 10.0.0.7\n  Port 2222\n  User me\n");
  expect(await resolveHosts(["cluster", "odd"], ["ssh", "-F", file])).toEqual([
    { name: "cluster", resolved: "me@login.example.org" },
    { name: "odd", resolved: "me@10.0.0.7, port 2222" },
  ]);
  expect(await resolveHosts(["cluster"], [`${home.path}/no-such-ssh`])).toEqual([{ name: "cluster", resolved: null }]);
  expect(describeHost("nothing")).toBeNull();
});
