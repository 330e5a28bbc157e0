import { createHash } from "node:crypto";
import type { AbsPath } from "../../kernel/path.ts";
import { cryptoNames, type Digest, type DigestAlgorithm } from "../digest.ts";
import type { SourceReader } from "../read/source-reader.ts";
import type { DigestRequest, Files, RemoteShell } from "../send/contract.ts";
import { Batcher } from "./batcher.ts";

/** Digests of what stands at the destination; null where that file could not be read. */
export interface ReadBack {
  /** How, for `check` and `explain`. */
  readonly way: "remote tool" | "sftp" | "local";
  digest(algorithm: DigestAlgorithm, requests: DigestRequest[]): Promise<Array<Digest | null>>;
}

/** Single files that are asked for while answers are under way go to the tool together, so many at a time. */
const GATHERED_MAX = 1024;

/** By a tool of coreutils on the far side: no bytes travel. One for each shell. */
export function toolReadBack(shell: RemoteShell): ReadBack {
  const gathering = new Map<DigestAlgorithm, Batcher<DigestRequest, Digest | null>>();
  const gatherer = (algorithm: DigestAlgorithm): Batcher<DigestRequest, Digest | null> => {
    const known =
      gathering.get(algorithm) ?? new Batcher({ batchMax: GATHERED_MAX, underWayMax: 2 }, (requests) => shell.digest(algorithm, requests));
    gathering.set(algorithm, known);
    return known;
  };
  return {
    way: "remote tool",
    digest: async (algorithm, requests) =>
      requests.length === 1 && requests[0]!.large !== true
        ? [await gatherer(algorithm).ask(requests[0]!)]
        : await shell.digest(algorithm, requests),
  };
}

const READ_BYTES = 256 * 1024;
const READS_UNDER_WAY = 8;
const FILES_UNDER_WAY = 32;

/** Over SFTP, where there is no shell: every byte comes back once. */
export function sftpReadBack(files: Files): ReadBack {
  return {
    way: "sftp",
    async digest(algorithm, requests) {
      const digests: Array<Digest | null> = requests.map(() => null);
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < requests.length) {
          const at = next++;
          digests[at] = await digestOver(files, algorithm, requests[at]!);
        }
      };
      await Promise.all(Array.from({ length: Math.min(FILES_UNDER_WAY, requests.length) }, worker));
      return digests;
    },
  };
}

async function digestOver(files: Files, algorithm: DigestAlgorithm, request: DigestRequest): Promise<Digest | null> {
  const facts = await files.lstat(request.path);
  if (facts?.kind !== "file") return null;
  const start = request.range?.offset ?? 0;
  const end = Math.min(facts.sizeBytes, start + (request.range?.lengthBytes ?? facts.sizeBytes));
  const file = await files.read(request.path);
  try {
    const hasher = createHash(cryptoNames[algorithm]);
    const ahead: Array<Promise<Buffer>> = [];
    let asked = start;
    const ask = (): void => {
      if (asked >= end) return;
      const piece = file.read(asked, Math.min(READ_BYTES, end - asked));
      piece.catch(() => undefined);
      ahead.push(piece);
      asked += READ_BYTES;
    };
    for (let n = 0; n < READS_UNDER_WAY; n++) ask();
    for (let piece = ahead.shift(); piece !== undefined; piece = ahead.shift()) {
      hasher.update(await piece);
      ask();
    }
    return { algorithm, hex: hasher.digest("hex") };
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** By a thread of ours, where the destination is a local directory or a mount. */
export function localReadBack(reader: SourceReader): ReadBack {
  return {
    way: "local",
    digest: (algorithm, requests) =>
      Promise.all(
        requests.map(async (request) => {
          // Where the destination is has nothing to do with the source's root, which may be "/": its path may lead over symlinks.
          const file = { path: request.path as unknown as AbsPath, boundary: null, follow: false };
          const found = await reader.digest(file, null, algorithm, request.range ?? null);
          return found.kind === "digest" ? { algorithm, hex: found.hex } : null;
        }),
      ),
  };
}
