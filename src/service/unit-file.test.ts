import fc from "fast-check";
import { expect, test } from "vitest";
import { checkName, quote, unitFile } from "./unit-file.ts";

const parts = {
  launcher: "/opt/$hot %dir/bin/hotdir",
  config: "/home/me/50%.yaml",
  stateDirectory: "/home/me/$x",
  user: null,
  version: 252,
};

test("the unit runs the launcher with absolute paths, taken as they are", () => {
  const unit = unitFile(parts);
  expect(unit).toContain('\nExecStart="/opt/$hot %%dir/bin/hotdir" run -c /home/me/50%%.yaml --state-dir /home/me/$$x\n');
  for (const line of [
    "Type=notify",
    "NotifyAccess=main",
    "WatchdogSec=60",
    "Restart=always",
    "RestartSec=1",
    "StartLimitIntervalSec=0",
    "KillMode=mixed",
    "TimeoutStopSec=45",
  ])
    expect(unit).toContain(`\n${line}\n`);
});

test("nothing that an ssh agent, a key or a ticket needs is kept from it", () => {
  for (const user of [null, "me"])
    expect(unitFile({ ...parts, user })).not.toMatch(/PrivateTmp|ProtectHome|PrivateUsers|RestrictAddressFamilies|MemoryDenyWriteExecute/);
});

test("a unit of the system has a user and begins at boot; one of the user's own has neither", () => {
  expect(unitFile({ ...parts, user: "me" })).toMatch(/\nUser=me\n[^]*\nWantedBy=multi-user\.target\n/);
  expect(unitFile(parts)).not.toMatch(/\nUser=/);
  expect(unitFile(parts)).toContain("\nWantedBy=default.target\n");
});

test("a systemd that cannot slow restarts down is not asked to", () => {
  expect(unitFile(parts)).not.toContain("RestartSteps");
  expect(unitFile({ ...parts, version: 254 })).toContain("\nRestartSteps=6\nRestartMaxDelaySec=60\n");
});

test("a word that systemd reads again is the word that was written", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }).filter((word) => !/[\0\n\r]/.test(word)),
      (word) => {
        expect(unquote(quote(word))).toBe(word);
      },
    ),
  );
  expect(() => quote("a\nb")).toThrow("line break");
});

test("a name is refused that would lead out of the directory of units", () => {
  expect(checkName("hotdir-2@x")).toBe("hotdir-2@x");
  for (const name of ["", "../x", "a/b", "-a", "a b", "x.service"]) expect(() => checkName(name)).toThrow("no name for a unit");
});

/** As systemd.service(5) has it. */
function unquote(text: string): string {
  const inner = text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
  return inner.replaceAll(/%%|\$\$/g, (pair) => pair[0]!);
}
