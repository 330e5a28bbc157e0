import { HotdirError } from "../../../kernel/errors.ts";
import type { Digest, DigestAlgorithm } from "../../digest.ts";

const hexLengths: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128, md5: 32, blake2b: 128 };

/**
 * What `sha256sum -z` printed, `HEX  NAME` an entry, for `paths` in their order. A file that could
 * not be read has no entry. An entry that fits nowhere means that the tool is not what we think it is.
 */
export function matchDigests(algorithm: DigestAlgorithm, paths: string[], entries: string[]): Array<Digest | null> {
  const hexLength = hexLengths[algorithm];
  const digests: Array<Digest | null> = paths.map(() => null);
  let at = 0;
  for (const entry of entries) {
    const digest = readDigest(algorithm, entry);
    const name = entry.slice(hexLength + 2);
    while (at < paths.length && paths[at] !== name) at++;
    if (digest === null || at === paths.length) throw oddTool();
    digests[at++] = digest;
  }
  return digests;
}

function oddTool(): HotdirError {
  return new HotdirError("digest-unavailable", { operation: "digest", detail: "the tool told of something that was not asked for" });
}

/** null where the line does not start with a digest, and a space. */
export function readDigest(algorithm: DigestAlgorithm, line: string): Digest | null {
  const hexLength = hexLengths[algorithm];
  const hex = line.slice(0, hexLength);
  return hex.length === hexLength && /^[0-9a-f]+$/.test(hex) && (line.length === hexLength || " \n".includes(line[hexLength]!))
    ? { algorithm, hex }
    : null;
}
