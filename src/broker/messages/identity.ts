import { createHash } from "node:crypto";
import { z } from "zod";
import { cryptoNames, type Digest } from "../../flow/digest.ts";

/**
 * What a message says of the content. Sarracenia computes `sha512` and `md5`; `cod` is to be computed by whoever
 * downloads; the others are strings that tell two contents apart and prove nothing.
 */
export type Identity =
  | { method: "digest"; digest: Digest }
  | { method: "cod"; as: string }
  | { method: "label"; name: string; value: string };

export const identitySchema = z.looseObject({ method: z.string().min(1).max(64), value: z.string().max(1024).optional() });

const digestBytes = { sha512: 64, md5: 16 } as const;
type WireAlgorithm = keyof typeof digestBytes;

/** Null: a digest that cannot be one, whatever the file. */
export function readIdentity(written: z.infer<typeof identitySchema>): Identity | null {
  const value = written.value ?? "";
  if (written.method === "cod") return { method: "cod", as: value };
  if (!isWireAlgorithm(written.method)) return { method: "label", name: written.method, value };
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== digestBytes[written.method] || bytes.toString("base64") !== value) return null;
  return { method: "digest", digest: { algorithm: written.method, hex: bytes.toString("hex") } };
}

export function writeIdentity(identity: Identity): { method: string; value: string } | null {
  if (identity.method === "cod") return { method: "cod", value: identity.as };
  if (identity.method === "label") return { method: identity.name, value: identity.value };
  const { algorithm, hex } = identity.digest;
  return isWireAlgorithm(algorithm) ? { method: algorithm, value: Buffer.from(hex, "hex").toString("base64") } : null;
}

/** Whether Sarracenia knows the algorithm. Others travel in a field of our own (`digestField`). */
export function isWireAlgorithm(name: string): name is WireAlgorithm {
  return Object.hasOwn(digestBytes, name);
}

/** Carries digests that Sarracenia does not know; it passes unknown fields on. */
export const digestField = "hotdir_digest";

export function readDigestField(written: string): Digest | null {
  const match = /^(sha256|blake2b):([0-9a-f]+)$/.exec(written);
  const [, algorithm, hex = ""] = match ?? [];
  if (algorithm === "sha256" && hex.length === 64) return { algorithm, hex };
  if (algorithm === "blake2b" && hex.length === 128) return { algorithm, hex };
  return null;
}

export function digestOf(content: Uint8Array, algorithm: Digest["algorithm"]): Digest {
  return { algorithm, hex: createHash(cryptoNames[algorithm]).update(content).digest("hex") };
}
