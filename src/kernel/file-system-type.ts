import { statfsSync } from "node:fs";
import { type Bytes, fsPath } from "./path.ts";

/** The magic numbers of `statfs` (linux/magic.h, and the vendors' headers). */
const networkTypes: Record<number, string> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x65735546: "FUSE",
  0x01021997: "9p",
  0x00c36400: "CephFS",
  0x0bd00bd0: "Lustre",
  0x47504653: "GPFS",
  0x19830326: "BeeGFS",
  0x5346414f: "AFS",
  0x6b414653: "AFS",
  0x73757245: "Coda",
  0x7461636f: "OCFS2",
  0x01161970: "GFS2",
  0xaad7aaea: "PanFS",
  0x20030528: "OrangeFS",
  0xbacbacbc: "VMware shared folder",
  0x786f4256: "VirtualBox shared folder",
  0x7c7c6673: "Parallels shared folder",
};
const localTypes: Record<number, string> = {
  0xef53: "ext4",
  0x58465342: "XFS",
  0x9123683e: "Btrfs",
  0x01021994: "tmpfs",
  0x794c7630: "overlay",
  0x2fc12fc1: "ZFS",
  0xf2f52010: "F2FS",
  0x858458f6: "ramfs",
  0xca451a4e: "bcachefs",
  0x7366746e: "NTFS",
  0x4d44: "FAT",
  0x2011bab0: "exFAT",
};

export type FileSystemType = { name: string; network: boolean };

/** The file system that holds `path`. `network`: other machines (or a user's daemon) may change files without the kernel here knowing. Throws. */
export function fsTypeOf(path: Bytes): FileSystemType {
  return nameFsType(statfsSync(fsPath(path)).type);
}

export function nameFsType(magic: number): FileSystemType {
  const network = networkTypes[magic];
  if (network !== undefined) return { name: network, network: true };
  return { name: localTypes[magic] ?? `type 0x${magic.toString(16)}`, network: false };
}
