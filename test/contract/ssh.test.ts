import { afterAll, beforeAll } from "vitest";
import { connectSftp } from "../../src/flow/send/ssh/connect.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { describeFiles } from "./files.ts";

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

describeFiles("real sshd", async () => {
  const files = await connectSftp(sshd.target);
  return { files, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
});
