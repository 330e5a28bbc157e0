import { createHash, randomBytes } from "node:crypto";
import { cryptoNames, digestAlgorithms } from "../digest.ts";
import type { SendContext } from "./context.ts";
import type { Files, RemoteShell } from "./contract.ts";
import { discard } from "./leftovers.ts";

/**
 * Whether the remote shell and SFTP mean the same file by the same path. Where SFTP is chrooted, or
 * starts in another directory than the shell, they do not: then the shell's digests would be of
 * nothing, and what it unpacks would lie elsewhere. Asked once for each shell, with a file of ours.
 */
export async function seesTheSameFiles(context: SendContext, files: Files, shell: RemoteShell): Promise<boolean> {
  const algorithm = digestAlgorithms.find((candidate) => shell.tools.digests.has(candidate));
  if (algorithm === undefined) return false;
  const content = randomBytes(32);
  // An inflight name, since nobody is to take it for a file of his; no transfer has the number 0. What a kill left of it goes first.
  const probe = context.layout.plainInflight({ id: 0, attempt: context.flow });
  await discard(files, probe);
  const file = await files.create(probe, { mode: 0o600, exclusive: true });
  try {
    await Promise.all([file.write(content, 0), file.close()]);
    const [found] = await shell.digest(algorithm, [{ path: probe }]);
    return found?.hex === createHash(cryptoNames[algorithm]).update(content).digest("hex");
  } finally {
    await discard(files, probe);
  }
}
