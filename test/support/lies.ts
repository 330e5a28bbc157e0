/**
 * How the lying sftp-server treats a client. Written as JSON to the control file and read again while
 * it runs; a file that is not there is honest. Each lie that was told is a line of `<control>.told`.
 */
export type Lies = {
  /** Flip one bit in the payload of every so-manieth WRITE. */
  flipEvery?: number;
  /** Pass only half of the payload, and answer OK. */
  truncateEvery?: number;
  /** Pass nothing, and answer OK. */
  dropEvery?: number;
  /** No more lies than this per connection. */
  liesMax?: number;
  /** Every answer comes so much later. */
  delayMs?: number;
  /** WRITE is answered with FAILURE (as OpenSSH does when a quota is used up) while the files below `root` hold at least so much; statvfs tells no free space. */
  quota?: { root: string; bytes: number };
  /** statvfs is answered with FAILURE, though it is offered. */
  hidesSpace?: boolean;
};

export type Told = { lie: "flip" | "truncate" | "drop" | "quota" | "space"; offset: number; bytes: number };
