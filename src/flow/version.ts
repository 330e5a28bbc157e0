/**
 * What identifies the content of a source file without reading it: two looks that give the same
 * version saw the same bytes. (design: words, *version*)
 */
export type Version = {
  /** `device:inode`, decimal. */
  inode: string;
  sizeBytes: number;
  mtimeNs: bigint;
};

export function sameVersion(a: Version, b: Version): boolean {
  return a.inode === b.inode && a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs;
}

/** The fields of `fs.BigIntStats` that make a version. */
export type StatFacts = { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint };

export function versionOf(stat: StatFacts): Version {
  return { inode: `${stat.dev}:${stat.ino}`, sizeBytes: Number(stat.size), mtimeNs: keptTime(stat.mtimeNs) };
}

/**
 * A time as the ledger can keep it: in 64 bits, which are nanoseconds from 1677 to 2262. File systems, web servers and messages tell
 * others, too; these are taken for the nearest that there is, everywhere alike.
 */
export function keptTime(ns: bigint): bigint {
  return ns > LATEST_NS ? LATEST_NS : ns < -LATEST_NS ? -LATEST_NS : ns;
}

const LATEST_NS = 2n ** 63n - 1n;
