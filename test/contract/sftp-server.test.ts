import { spawn } from "node:child_process";
import { openSftpFiles } from "../../src/flow/send/sftp/files.ts";
import { SftpSession } from "../../src/flow/send/sftp/session.ts";
import { sftpServerPath } from "../support/sshd.ts";
import { describeFiles } from "./files.ts";

describeFiles("sftp-server over pipes", async () => {
  const server = spawn(sftpServerPath(), ["-e"], { stdio: ["pipe", "pipe", "ignore"] });
  const gone = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const session = new SftpSession({ input: server.stdout, output: server.stdin });
  const files = await openSftpFiles(session, async () => {
    server.stdin.end();
    await gone;
  });
  return { files, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
});
