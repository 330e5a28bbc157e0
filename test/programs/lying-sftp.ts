import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, statSync } from "node:fs";
import type { Lies, Told } from "../support/lies.ts";
import { toBuffer, walk } from "../support/walk.ts";
import { splitPackets } from "./sftp-packets.ts";

/**
 * Stands between ssh and the real sftp-server and lies about WRITEs. Usage:
 * lying-sftp.ts CONTROL-FILE SFTP-SERVER [ARGUMENT...]. Only the framing of packets and the fields
 * of WRITE and of statvfs are understood (draft-ietf-secsh-filexfer-02 sections 3 and 6.4).
 */
const WRITE = 6;
const STATUS = 101;
const EXTENDED = 200;
const EXTENDED_REPLY = 201;
const OK = 0;
const FAILURE = 4;

const [control = "", program = "", ...programArguments] = process.argv.slice(2);
let lies: Lies = {};
let writes = 0;
let told = 0;
let quotaUsedUp = false;
refresh();
setInterval(refresh, 20).unref();

const server = spawn(program, programArguments, { stdio: ["pipe", "pipe", "inherit"] });
server.on("exit", (code) => process.exit(code ?? 1));
server.stdin.on("error", () => process.exit(1));
process.stdout.on("error", () => process.exit(1));

process.stdin.on("data", splitPackets(forward));
process.stdin.on("end", () => server.stdin.end());
server.stdout.on(
  "data",
  splitPackets((packet) => answer(packet)),
);
// Neither side may run ahead without a bound.
server.stdin.on("drain", () => process.stdin.resume());
process.stdout.on("drain", () => server.stdout.resume());

function refresh(): void {
  lies = readLies();
  quotaUsedUp = lies.quota !== undefined && usedBytes(lies.quota.root) >= lies.quota.bytes;
}

function forward(packet: Buffer): void {
  const changed = packet[4] === WRITE ? treatWrite(packet) : packet[4] === EXTENDED ? treatExtended(packet) : packet;
  if (changed !== null && !server.stdin.write(changed)) process.stdin.pause();
}

function answer(packet: Buffer): void {
  if (lies.delayMs !== undefined && lies.delayMs > 0) setTimeout(() => process.stdout.write(packet), lies.delayMs);
  else if (!process.stdout.write(packet)) server.stdout.pause();
}

/** What the server gets to see of a WRITE; null: nothing. */
function treatWrite(packet: Buffer): Buffer | null {
  const handleBytes = packet.readUInt32BE(9);
  const dataAt = 13 + handleBytes + 8 + 4;
  const bytes = packet.readUInt32BE(dataAt - 4);
  const offset = Number(packet.readBigUInt64BE(dataAt - 12));
  writes += 1;
  if (quotaUsedUp) {
    tell({ lie: "quota", offset, bytes });
    answer(status(packet, FAILURE, "Failure"));
    return null;
  }
  if (told >= (lies.liesMax ?? Infinity) || bytes === 0) return packet;
  if (isTurn(lies.dropEvery)) {
    tell({ lie: "drop", offset, bytes });
    answer(status(packet, OK, "Success"));
    return null;
  }
  if (isTurn(lies.truncateEvery)) {
    tell({ lie: "truncate", offset, bytes });
    return shortened(packet, dataAt, bytes >> 1);
  }
  if (isTurn(lies.flipEvery)) {
    tell({ lie: "flip", offset, bytes });
    const at = dataAt + (bytes >> 1);
    packet[at] = (packet[at] ?? 0) ^ 0x10;
  }
  return packet;
}

function isTurn(every: number | undefined): boolean {
  return every !== undefined && writes % every === 0;
}

function shortened(packet: Buffer, dataAt: number, bytes: number): Buffer {
  const short = Buffer.from(packet.subarray(0, dataAt + bytes));
  short.writeUInt32BE(short.length - 4, 0);
  short.writeUInt32BE(bytes, dataAt - 4);
  return short;
}

function treatExtended(packet: Buffer): Buffer | null {
  const name = packet.subarray(13, 13 + packet.readUInt32BE(9)).toString("latin1");
  if (name !== "statvfs@openssh.com" && name !== "fstatvfs@openssh.com") return packet;
  if (lies.hidesSpace === true) {
    tell({ lie: "space", offset: 0, bytes: 0 });
    answer(status(packet, FAILURE, "Failure"));
    return null;
  }
  if (!quotaUsedUp) return packet;
  // bsize, frsize, blocks, bfree, bavail, files, ffree, favail, fsid, flag, namemax (OpenSSH PROTOCOL, section 4.4)
  const fields = [4096n, 4096n, 1024n, 0n, 0n, 100_000n, 50_000n, 50_000n, 1n, 0n, 255n];
  const reply = Buffer.alloc(9 + fields.length * 8);
  reply.writeUInt32BE(reply.length - 4, 0);
  reply[4] = EXTENDED_REPLY;
  packet.copy(reply, 5, 5, 9);
  fields.forEach((field, index) => reply.writeBigUInt64BE(field, 9 + index * 8));
  answer(reply);
  return null;
}

/** A STATUS with the request's number. */
function status(request: Buffer, code: number, text: string): Buffer {
  const reply = Buffer.alloc(4 + 1 + 4 + 4 + 4 + text.length + 4);
  reply.writeUInt32BE(reply.length - 4, 0);
  reply[4] = STATUS;
  request.copy(reply, 5, 5, 9);
  reply.writeUInt32BE(code, 9);
  reply.writeUInt32BE(text.length, 13);
  reply.write(text, 17, "latin1");
  return reply;
}

function tell(lie: Told): void {
  told += 1;
  appendFileSync(`${control}.told`, `${JSON.stringify(lie)}\n`);
}

function readLies(): Lies {
  try {
    return JSON.parse(readFileSync(control, "utf8")) as Lies;
  } catch {
    return {};
  }
}

function usedBytes(directory: string): number {
  let sum = 0;
  for (const { path, kind } of walk(directory)) {
    if (kind === "file") sum += statSync(toBuffer(`${directory}/${path}`), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}
