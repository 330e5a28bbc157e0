import { expect, test } from "vitest";
import { farTrouble, hostTrouble } from "./host-trouble.ts";

const end = (status: number, ...words: string[]) => ({ exit: { kind: "status" as const, status }, words });

test.each([
  [255, "ssh: connect to host h port 22: Connection refused", "unreachable"],
  [1, "ssh: Could not resolve hostname h: Name or service not known", "unreachable"],
  [12, "jdoe@h: Permission denied (publickey).", "login-refused"],
  [255, "Host key verification failed.", "host-key-changed"],
  [255, "client_loop: send disconnect: Broken pipe", "unreachable"],
])("what ssh says of the host is no fault of a file: exit %i, %s", (status, words, code) => {
  expect(hostTrouble(end(status, words))).toBe(code);
});

test("what a tool says of a full disk is the destination's; what it says of a file is the file's", () => {
  expect(farTrouble(end(1, 'scp: write remote "x": No space left on device', "scp: failed"))).toBe("destination-full");
  expect(farTrouble(end(23, "rsync: mkstemp failed: Read-only file system (30)"))).toBe("destination-read-only");
  expect(farTrouble(end(1, "scp: a: Permission denied"))).toBeNull();
  expect(farTrouble(end(1, "cp: error reading 'a': Input/output error"))).toBeNull();
  expect(farTrouble(end(3))).toBeNull();
});
