import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Lies, Told } from "./lies.ts";

export const realSftpServer = "/usr/lib/openssh/sftp-server";

export type LyingSftp = {
  /** The argument list to run in place of the sftp-server. */
  readonly argv: string[];
  /** The same as one line, for `Subsystem sftp` of sshd_config: its words hold no character that a shell minds. */
  readonly subsystem: string;
  /** Takes effect within 20 ms, also on connections that are open. `{}` is honest. */
  tell(lies: Lies): Promise<void>;
  /** The lies told so far, over all connections. */
  told(): Told[];
};

/** @param control a path for the control file, without spaces. @param serverArguments e.g. `["-d", home]` */
export function makeLyingSftp(control: string, serverArguments: string[] = []): LyingSftp {
  const program = fileURLToPath(new URL("../programs/lying-sftp.ts", import.meta.url));
  const argv = [process.execPath, program, control, realSftpServer, ...serverArguments];
  return {
    argv,
    subsystem: argv.join(" "),
    async tell(lies) {
      await writeFile(`${control}.next`, JSON.stringify(lies));
      await rename(`${control}.next`, control);
    },
    told: () => (existsSync(`${control}.told`) ? parseLines<Told>(readFileSync(`${control}.told`, "latin1")) : []),
  };
}

/** The whole lines of a JSON-lines file; a last line that is not whole is not there yet. */
export function parseLines<Line>(text: string): Line[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as Line);
}
