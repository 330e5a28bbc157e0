/** Packet types (§3), all that version 3 has. */
export const packet = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

/** Status codes (§7). */
export const status = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** Flags of OPEN (§6.3). */
export const openFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** Which attributes follow (§5). */
export const attributeFlag = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x80000000 } as const;

export const PROTOCOL_VERSION = 3;

/** OpenSSH sends and takes packets of up to 256 KiB (SFTP_MAX_MSG_LENGTH); the rest is for servers that count the payload alone. */
export const PACKET_BYTES_MAX = 256 * 1024 + 1024;

/** What every server must take in one READ or WRITE (§3: 34000 bytes in a packet). */
export const PIECE_BYTES_DEFAULT = 32 * 1024;
