import type { AbsPath } from "../../kernel/path.ts";
import { chmodSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type BrokerAddress, readAddress, showAddress } from "./address.ts";
import { redact } from "../../kernel/redact.ts";
import { type CredentialsFault, credentialsFaultText, entryFor, readCredentials, Secret } from "./credentials.ts";

function address(text: string): BrokerAddress {
  const read = readAddress(text);
  if (!read.ok) throw new Error(read.fault);
  return read.address;
}

test("an address says where and as whom; a password in it is refused", () => {
  expect(address("amqp://hub")).toEqual({ protocol: "amqp", tls: false, host: "hub", port: 5672, vhost: "/", user: null });
  expect(address("amqps://ada%40x@[::1]/a%2fb")).toMatchObject({ tls: true, host: "::1", port: 5671, vhost: "a/b", user: "ada@x" });
  expect(address("mqtts://ada@hub/")).toEqual({ protocol: "mqtt", tls: true, host: "hub", port: 8883, vhost: "/", user: "ada" });
  expect(showAddress(address("mqtt://hub"))).toBe("mqtt://hub:1883");
  expect(showAddress(address("amqps://ada@hub:99/v"))).toBe("amqps://ada@hub:99/v");
  expect(showAddress(address("amqp://[::1]/"))).toBe("amqp://[::1]:5672");
  for (const [text, fault] of [
    ["hub", "not-a-url"],
    ["http://hub", "not-a-broker"],
    ["amqp://", "no-host"],
    ["amqp://ada:secret@hub", "holds-a-password"],
    ["amqp://ada:sec/ret@hub", "holds-a-password"],
    ["amqp://hub:99999", "not-a-url"],
    ["amqp://hub:0", "not-a-url"],
    ["amqp://hub/?heartbeat=0", "not-a-url"],
    ["mqtt://hub/vhost", "has-a-path"],
  ] as const) {
    const read = readAddress(text);
    expect(read.ok ? "ok" : read.fault, text).toBe(fault);
  }
});

test("the line that fits is found as sr3 finds it", () => {
  const file = `
# amqp://ada:commented@hub
sftp://ada@hub ssh_keyfile=/k
amqp://bob:first@hub/other
amqp://ada:p%40ss%2f@hub/ login_method=PLAIN
amqp://bob:second@hub
amqps://bob:third@hub
mqtt://bob:fourth@hub
`;
  const found = (text: string): string | null => {
    const entry = entryFor(file, address(text));
    return entry === null ? null : `${entry.user} ${entry.password.reveal()}`;
  };
  expect(found("amqp://hub")).toBe("ada p@ss/");
  expect(found("amqp://bob@hub/")).toBe("bob second");
  expect(found("amqp://bob@hub:5672/other")).toBe("bob first");
  expect(found("amqps://hub")).toBe("bob third");
  expect(found("mqtt://hub")).toBe("bob fourth");
  expect(found("amqp://carl@hub")).toBe(null);
  expect(found("amqp://hub:5673")).toBe(null);
});

test("a file that others may read is not read", async () => {
  await using place = await makeTemporary();
  const file = `${place.path}/credentials.conf`;
  const faultOf = async (): Promise<string> => {
    const read = await readCredentials(file as AbsPath, address("amqp://hub"));
    return read.ok ? read.credentials.user : read.fault.fault;
  };
  expect(await faultOf()).toBe("unreadable");
  writeFileSync(file, "amqp://ada:secret-1@hub\n");
  for (const mode of [0o644, 0o620, 0o604, 0o660]) {
    chmodSync(file, mode);
    expect(await faultOf()).toBe("open-to-others");
  }
  chmodSync(file, 0o600);
  expect(await faultOf()).toBe("ada");
  writeFileSync(file, "amqp://ada:secret-1@elsewhere\n");
  expect(await faultOf()).toBe("no-entry");
});

test("what is wrong with the file is told, also where secrets are hidden", () => {
  const file = "/home/bob/credentials.conf";
  const faults: CredentialsFault[] = [
    { fault: "unreadable", file, errno: "ENOENT" },
    { fault: "unreadable", file, errno: "EACCES" },
    { fault: "open-to-others", file, mode: "644" },
    { fault: "no-entry", file },
  ];
  for (const text of faults.map(credentialsFaultText)) expect(redact(`no password for it (${text})`)).toContain(text);
});

test("a password shows itself to nobody who does not ask for it", () => {
  const credentials = { user: "ada", password: new Secret("hunter22") };
  expect(JSON.stringify(credentials) + inspect(credentials, { depth: 9, showHidden: true }) + String(credentials.password)).not.toContain(
    "hunter22",
  );
  expect(credentials.password.reveal()).toBe("hunter22");
});
