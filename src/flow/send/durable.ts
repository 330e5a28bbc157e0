import type { Bytes, RelPath } from "../../kernel/path.ts";
import { Batcher } from "../verify/batcher.ts";
import { failed, type Result, type SendContext, wantsDurable } from "./context.ts";
import type { RemoteShell } from "./contract.ts";

/** More deliveries than this never wait for one call. */
const GATHERED_MAX = 100_000;
const syncing = new WeakMap<RemoteShell, Batcher<Bytes, boolean>>();

/**
 * The one place where a delivery is made durable, however its bytes came to be there: after the
 * publish, so that content and name are covered, and before the receipt, so that the receipt is
 * true. With a shell one call serves all that are waiting; without, the file and its directory are
 * synced by themselves. Where the destination offers neither, the receipt does not claim it.
 */
export async function ensureDurable(context: SendContext, path: RelPath, result: Result): Promise<Result> {
  if (
    result.kind !== "delivered" ||
    result.receipt.durable ||
    result.receipt.proof.basis === "structure" ||
    !wantsDurable(context.settings)
  )
    return result;
  try {
    return { ...result, receipt: { ...result.receipt, durable: await makeDurable(context, context.layout.final(path)) } };
  } catch (error) {
    return failed(error, "make durable", false);
  }
}

async function makeDurable(context: SendContext, final: Bytes): Promise<boolean> {
  const { shell } = context.link;
  if (shell !== null && shell.tools.syncfs) return await syncfsOf(shell).ask(context.layout.root);
  const { files } = context.link.lane();
  if (!files.features.sync) return false;
  await files.syncPath(final);
  await files.syncPath(directoryOf(final));
  return true;
}

/** One call at a time: who asks while one is under way is served by the next, since his bytes may have come too late for this one. */
function syncfsOf(shell: RemoteShell): Batcher<Bytes, boolean> {
  const known = syncing.get(shell);
  if (known !== undefined) return known;
  const batcher = new Batcher<Bytes, boolean>({ batchMax: GATHERED_MAX, underWayMax: 1 }, async (roots) => {
    await shell.syncfs(roots[0]!);
    return roots.map(() => true);
  });
  syncing.set(shell, batcher);
  return batcher;
}

function directoryOf(path: Bytes): Bytes {
  const slash = path.lastIndexOf("/");
  return (slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash)) as Bytes;
}
