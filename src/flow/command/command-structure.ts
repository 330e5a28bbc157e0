import { HotdirError } from "../../kernel/errors.ts";
import { everPut } from "../ledger/batches.ts";
import { failed, type Result } from "../send/context.ts";
import { removeEarlier } from "../send/leftovers.ts";
import { applyStructure } from "../send/structure.ts";
import type { Change, ClaimedTransfer } from "../transfer.ts";
import type { CommandContext } from "./command-context.ts";
import { sendRound } from "./send-round.ts";

/** Directories, links, renames and removals, by the remote command: as at any destination, but that nothing goes over what this flow did not put there. */
export async function applyByCommand(context: CommandContext, transfer: ClaimedTransfer, signal: AbortSignal): Promise<Result> {
  const { change } = transfer;
  try {
    if (change.kind === "put")
      throw new HotdirError("unsupported", { operation: "send", path: change.path, detail: "its file is not on this machine" });
    await removeEarlier(context, context.link.lane().files, [transfer]);
    if (change.kind === "link" || change.kind === "rename") await refuseForeign(context, change);
    return await applyStructure(context, transfer, change, async (put) => (await sendRound(context, [put], signal))[0]!.result);
  } catch (error) {
    return failed(error, change.kind, true);
  }
}

async function refuseForeign(context: CommandContext, change: Change & { kind: "link" | "rename" }): Promise<void> {
  const { db, flow, former, layout } = context;
  if ([flow, ...former].some((one) => everPut(db, one, change.path))) return;
  const { files } = context.link.lane();
  const final = layout.final(change.path);
  const there = await files.lstat(final);
  if (there === null || (change.kind === "rename" && change.directory && there.kind === "directory")) return;
  if (change.kind === "link" && there.kind === "symlink" && (await files.readlink(final)) === change.target) return;
  throw new HotdirError("exists", {
    operation: change.kind === "link" ? "make the link" : "rename to",
    path: final,
    detail: `a ${there.kind} that this flow did not put there; move it away, or rename the source`,
  });
}
