import { assert, HotdirError, hasCode } from "../../kernel/errors.ts";
import type { Fetching, OriginFile } from "../fetch/contract.ts";
import { type Fetched, toldDigest } from "../fetch/is-fetched.ts";
import { isNewerThanAnnounced, isSeenAtOrigin, mayBeAnnounced } from "../fetch/origin-version.ts";
import { sameVersion } from "../version.ts";
import type { ClaimedPut, SendContext } from "./context.ts";
import type { Part } from "./fetched-part.ts";

/** A file that was announced so recently may not be everywhere yet: that it is not there is no proof that it was removed. */
const YOUNG_MS = 5 * 60_000;

type Put = ClaimedPut & Fetched;

/** Opens what is to be fetched, if it can be what the transfer is about. */
export async function openFetched(
  context: SendContext,
  put: Put,
  { from, windowBytes, signal }: { from: Part | null; windowBytes: number; signal: AbortSignal },
): Promise<OriginFile> {
  const fetching = fetchingOf(context);
  const inMessage = contentOf(fetching, put);
  if (inMessage !== null) return inMessage;
  const { baseUrl, relPath } = put.origin;
  const compared = toldDigest(put) !== null;
  const file = await fetching.origins
    .at(baseUrl)
    .open(relPath, { from, compared, windowBytes }, signal)
    .catch((error: unknown) => {
      throw whetherGone(context, put, error);
    });
  try {
    await refuseUnlike(context, put, file);
    return file;
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

function fetchingOf(context: SendContext): Fetching {
  assert(context.fetching !== null, "files are fetched for flows that subscribe to messages");
  return context.fetching;
}

/** null: it is not in there, or what is wanted by now is something newer than the message. */
function contentOf({ content }: Fetching, put: Put): OriginFile | null {
  const { version, mode } = put.change;
  const bytes = put.origin.content && !isSeenAtOrigin(version) ? content(put.id) : null;
  if (bytes === null) return null;
  return {
    version,
    sizeBytes: bytes.length,
    mtimeNs: version.mtimeNs,
    mode,
    offset: 0,
    chunks: (async function* () {
      if (bytes.length > 0) yield bytes;
    })(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The version that was seen at the origin must be there still. What a message told may have been replaced, or is still to come. */
async function refuseUnlike(context: SendContext, put: Put, file: OriginFile): Promise<void> {
  const { version } = put.change;
  if (isSeenAtOrigin(version)) {
    if (!sameVersion(version, file.version)) throw new HotdirError("source-changed", { operation: "fetch", path: put.origin.relPath });
    return;
  }
  const sizes = file.sizeBytes !== null && put.origin.sizeKnown && file.sizeBytes !== version.sizeBytes;
  if (sizes) throw await refuseOther(context, put, `${file.sizeBytes} bytes are there, ${version.sizeBytes} were announced`);
  if (toldDigest(put) === null && !mayBeAnnounced(announced(put), file.version))
    throw await refuseOther(context, put, "it was changed at another time than was announced");
}

/** The error for something else than was announced: a newer file, which is another transfer's, or a wrong one. */
export async function refuseOther(context: SendContext, put: Put, detail: string): Promise<HotdirError> {
  const facts = { operation: "fetch", path: put.origin.relPath, detail };
  if (put.origin.content) return new HotdirError("origin-differs", facts);
  try {
    const seen = await fetchingOf(context).origins.at(put.origin.baseUrl).look(put.origin.relPath);
    switch (seen.kind) {
      case "file":
        return new HotdirError(isNewerThanAnnounced(announced(put), seen.version) ? "source-changed" : "origin-differs", facts);
      case "gone":
        return new HotdirError("source-gone", facts);
      case "unreadable":
        return new HotdirError("origin-differs", facts);
      default:
        return new HotdirError("source-changed", facts);
    }
  } catch (error) {
    return error instanceof HotdirError ? error : new HotdirError("origin-differs", facts);
  }
}

function announced(put: Put): Parameters<typeof mayBeAnnounced>[0] {
  return { version: put.change.version, sizeKnown: put.origin.sizeKnown, pubTimeNs: put.origin.pubTimeNs };
}

function whetherGone(context: SendContext, put: Put, error: unknown): unknown {
  if (!hasCode(error, "source-gone") || isSeenAtOrigin(put.change.version)) return error;
  const ageMs = context.clock.wall() - Number(put.origin.pubTimeNs / 1_000_000n);
  if (ageMs >= YOUNG_MS) return error;
  const { operation, host, path, detail } = error;
  return new HotdirError("origin-lacks", {
    operation,
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
    ...(detail === undefined ? {} : { detail }),
    cause: error,
  });
}
