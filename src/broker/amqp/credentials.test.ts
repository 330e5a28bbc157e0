import { chmodSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type BrokerAddress, readAddress, showAddress } from "./address.ts";
import { entryFor, readCredentials, Secret } from "./credentials.ts";

function address(text: string): BrokerAddress {
  const read = readAddress(text);
  if (!read.ok) throw new Error(read.fault);
  return read.address;
}

test("an address says where and as whom; a password in it is refused", () => {
  expect(address("amqp://hub")).toEqual({ tls: false, host: "hub", port: 5672, vhost: "/", user: null });
  expect(address("amqps://ada%40x@[::1]/a%2fb")).toEqual({ tls: true, host: "::1", port: 5671, vhost: "a/b", user: "ada@x" });
  expect(showAddress(address("amqps://ada@hub:99/v"))).toBe("amqps://ada@hub:99/v");
  expect(showAddress(address("amqp://[::1]/"))).toBe("amqp://[::1]:5672");
  const faults = ["hub", "http://hub", "amqp://", "amqp://ada:secret@hub", "amqp://hub:99999", "amqp://hub/?heartbeat=0"].map((text) =>
    readAddress(text),
  );
  expect(faults.map((read) => (read.ok ? "ok" : read.fault))).toEqual([
    "not-a-url",
    "not-amqp",
    "no-host",
    "holds-a-password",
    "not-a-url",
    "not-a-url",
  ]);
});

test("the line that fits is found as sr3 finds it", () => {
  const file = `
# amqp://ada:commented@hub
sftp://ada@hub ssh_keyfile=/k
amqp://bob:first@hub/other
amqp://ada:p%40ss%2f@hub/ login_method=PLAIN
amqp://bob:second@hub
amqps://bob:third@hub
`;
  const found = (text: string): string | null => {
    const entry = entryFor(file, address(text));
    return entry === null ? null : `${entry.user} ${entry.password.reveal()}`;
  };
  expect(found("amqp://hub")).toBe("ada p@ss/");
  expect(found("amqp://bob@hub/")).toBe("bob second");
  expect(found("amqp://bob@hub:5672/other")).toBe("bob first");
  expect(found("amqps://hub")).toBe("bob third");
  expect(found("amqp://carl@hub")).toBe(null);
  expect(found("amqp://hub:5673")).toBe(null);
});

test("a file that others may read is not read", async () => {
  await using place = await makeTemporary();
  const file = `${place.path}/credentials.conf`;
  const faultOf = async (): Promise<string> => {
    const read = await readCredentials(file, address("amqp://hub"));
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

test("a password shows itself to nobody who does not ask for it", () => {
  const credentials = { user: "ada", password: new Secret("hunter22") };
  expect(JSON.stringify(credentials) + inspect(credentials, { depth: 9, showHidden: true }) + String(credentials.password)).not.toContain(
    "hunter22",
  );
  expect(credentials.password.reveal()).toBe("hunter22");
});
