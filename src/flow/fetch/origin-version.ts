import { keptTime, type Version } from "../version.ts";

/**
 * The version of a file at an origin. There are no inodes: `by` is what else tells two versions apart (an entity tag), after
 * the kind of the origin. A size or time that the origin does not tell is 0.
 */
export function originVersion(kind: "sftp" | "http", facts: { by?: string; sizeBytes: number | null; mtimeNs: bigint | null }): Version {
  return { inode: `${kind}:${facts.by ?? ""}`, sizeBytes: facts.sizeBytes ?? 0, mtimeNs: keptTime(facts.mtimeNs ?? 0n) };
}

/** Whether a version is what an origin was seen to have, and not what a message told. */
export function isSeenAtOrigin(version: Version): boolean {
  return /^(?:sftp|http):/.test(version.inode);
}

const NS_PER_S = 1_000_000_000n;

/** What a message told of a file. Its modification time is that of the message where it told none. */
export type Announced = { version: Version; sizeKnown: boolean; pubTimeNs: bigint };

/**
 * Whether what an origin has may be what was announced, by size and time. Times are compared in whole seconds, since origins
 * keep no more; what either side does not tell is no difference. Pure.
 */
export function mayBeAnnounced(announced: Announced, seen: Version): boolean {
  const { version, sizeKnown, pubTimeNs } = announced;
  const sameSize = !sizeKnown || version.sizeBytes === seen.sizeBytes;
  const timesKnown = seen.mtimeNs !== 0n && version.mtimeNs !== pubTimeNs;
  return sameSize && (!timesKnown || seen.mtimeNs / NS_PER_S === version.mtimeNs / NS_PER_S);
}

/** Whether what an origin has was made after what was announced: then another message of it can be expected. Pure. */
export function isNewerThanAnnounced(announced: Announced, seen: Version): boolean {
  if (seen.mtimeNs === 0n) return announced.sizeKnown && announced.version.sizeBytes !== seen.sizeBytes;
  return seen.mtimeNs / NS_PER_S > announced.version.mtimeNs / NS_PER_S;
}
