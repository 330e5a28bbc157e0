/** What the reader saw under a final name at one moment, through one open descriptor. */
export type ReaderLine = { path: string; sha256: string; sizeBytes: number; inode: string };

export type ReaderOrder = {
  directory: string;
  log: string;
  /** A regular expression on the relative path (bytes as characters): names that are not final. */
  inflight: string;
};
