import { filePlaceOf } from "../file-place.ts";
import { type Bytes, textOf } from "../../kernel/path.ts";
import { finishInflight, openVersion, proveAndPublish, refuseChanged } from "./bulk.ts";
import { algorithmOf, type ClaimedPut, failed, type Result, type SendContext, sourceDigest, sourceFile } from "./context.ts";
import { inflightOf } from "./layout.ts";
import { discard } from "./leftovers.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { formatAge } from "../../kernel/readable.ts";
import { describeEnd, runCommand } from "./run-command.ts";

/** Longer than any file should take; a command that waits for ever would keep all large files from being sent. */
const COMMAND_BOUND_MS = 24 * 3600_000;

/** Whether the user's own command is to move this file. */
export function isAccelerated(context: SendContext, sizeBytes: number): boolean {
  const { accelerate } = context.settings.destination;
  return accelerate !== null && sizeBytes > accelerate.aboveBytes;
}

/**
 * Lets the user's own command move a large file: argv, never a shell, `%s` the source file and `%d`
 * the destination as scp writes it. It writes to a plain inflight name, so that no far shell of an
 * old tool ever sees a file's name. Its exit status is evidence, not proof: the bytes are read back.
 */
export async function sendAccelerated(context: SendContext, put: ClaimedPut, command: string[], signal: AbortSignal): Promise<Result> {
  const inflight = context.layout.plainInflight(inflightOf(put));
  const source = sourceFile(context, put).path;
  try {
    using _slot = await context.commands.take(signal);
    const algorithm = algorithmOf(context);
    const digest = algorithm === null ? null : await sourceDigest(context, put, put.change.version, algorithm);
    await context.parents.ensure(context.link.lane().files, inflight);
    // Arguments are text: a name that is not UTF-8 is given by the descriptor's own path.
    await using handle = await openVersion(context, put);
    const nameIsText = Buffer.from(textOf(source), "utf8").toString("latin1") === source;
    const from = nameIsText ? textOf(source) : `/proc/${process.pid}/fd/${handle.fd}`;
    const to = destinationWord(context, inflight);
    await runAccelerator(
      command.map((word) => fill(word, from, to)),
      signal,
    );
    await refuseChanged(context, put, handle);
    await finishInflight(context, put, inflight);
    context.progress.sent(put, put.change.version.sizeBytes);
    return await proveAndPublish(context, put, inflight, { digest, method: "accelerated" });
  } catch (error) {
    const lane = context.link.pick();
    return failed(error, "send", lane === null || !(await discard(lane.files, inflight)));
  }
}

async function runAccelerator(argv: string[], signal: AbortSignal): Promise<void> {
  const end = await runCommand(argv, { signal, stillMs: null, boundMs: COMMAND_BOUND_MS });
  if (end.exit.kind === "status" && end.exit.status === 0 && !end.late) return;
  const detail = describeEnd(end, `it did not end within ${formatAge(COMMAND_BOUND_MS)}`);
  throw new HotdirError("accelerator-failed", { operation: `run ${argv[0]}`, detail });
}

/** In one pass: a `%d` in the file's own name is no placeholder. */
function fill(word: string, from: string, to: string): string {
  return word.replaceAll(/%[sd]/g, (placeholder) => (placeholder === "%s" ? from : to));
}

function destinationWord(context: SendContext, inflight: Bytes): string {
  const place = filePlaceOf(context.settings.destination);
  if (place.kind === "file") return textOf(inflight);
  return `${place.user === null ? "" : `${place.user}@`}${place.host}:${textOf(inflight)}`;
}
