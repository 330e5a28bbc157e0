import { hasCode } from "../../kernel/errors.ts";
import { join, type RelPath } from "../../kernel/path.ts";
import type { SendContext } from "./context.ts";
import type { Files } from "./contract.ts";

export type Below = { path: RelPath; directory: boolean };

/** More than this is not looked through because of one message: what it would find stays. */
const BELOW_MAX = 50_000;

/** What has a name at the destination, and all that is below it, deepest first. Throws where it cannot be asked. */
export async function listBelow({ link, layout }: Pick<SendContext, "link" | "layout">, directory: RelPath): Promise<Below[]> {
  const { files } = link.lane();
  const top = await files.lstat(layout.final(directory));
  if (top === null) return [];
  const found: Below[] = [{ path: directory, directory: top.kind === "directory" }];
  if (top.kind === "directory") await collect(files, layout.final(directory), directory, found);
  return found.reverse();
}

async function collect(files: Files, at: ReturnType<typeof join>, directory: RelPath, found: Below[]): Promise<void> {
  const entries = await files.list(at).catch((error: unknown) => {
    if (hasCode(error, "not-found", "wrong-type")) return [];
    throw error;
  });
  for (const { name, facts } of entries) {
    if (found.length >= BELOW_MAX) return;
    const path = join(directory, name);
    found.push({ path, directory: facts.kind === "directory" });
    if (facts.kind === "directory") await collect(files, join(at, name), path, found);
  }
}
