/** The digests that a destination can be asked for. */
export const digestAlgorithms = ["sha256", "sha512", "md5", "blake2b"] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** A digest in lower-case hexadecimal. */
export type Digest = { algorithm: DigestAlgorithm; hex: string };

/** How far a flow goes to prove a delivery (configuration `verify`). */
export type Verify = DigestAlgorithm | "size" | "none";

/** The names of the algorithms in `node:crypto`; blake2b is the 512-bit form that `b2sum` prints. */
export const cryptoNames: Record<DigestAlgorithm, string> = { sha256: "sha256", sha512: "sha512", md5: "md5", blake2b: "blake2b512" };

/** The tool of coreutils that prints each digest. */
export const toolNames: Record<DigestAlgorithm, string> = { sha256: "sha256sum", sha512: "sha512sum", md5: "md5sum", blake2b: "b2sum" };

/** The names that `openssl dgst` knows them by. */
export const opensslNames: Record<DigestAlgorithm, string> = { sha256: "sha256", sha512: "sha512", md5: "md5", blake2b: "blake2b512" };
