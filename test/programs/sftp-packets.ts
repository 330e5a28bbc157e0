/** The longest packet that OpenSSH's sftp-server takes (SFTP_MAX_MSG_LENGTH). */
const PACKET_BYTES_MAX = 256 * 1024 + 1024;

/** Cuts a stream of bytes into SFTP packets, each with its length field, whatever the pieces it comes in. */
export function splitPackets(onPacket: (packet: Buffer) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let heldBytes = 0;
  return (piece) => {
    pieces.push(piece);
    heldBytes += piece.length;
    if (heldBytes < 4) return;
    let wantedBytes = 4 + peekLength(pieces);
    if (heldBytes < wantedBytes) return;
    const joined = pieces.length === 1 ? piece : Buffer.concat(pieces, heldBytes);
    let at = 0;
    while (joined.length - at >= 4) {
      wantedBytes = 4 + joined.readUInt32BE(at);
      if (wantedBytes > PACKET_BYTES_MAX) throw new Error(`a packet of ${wantedBytes} bytes is no SFTP`);
      if (joined.length - at < wantedBytes) break;
      onPacket(joined.subarray(at, at + wantedBytes));
      at += wantedBytes;
    }
    pieces = at === joined.length ? [] : [joined.subarray(at)];
    heldBytes = joined.length - at;
  };
}

function peekLength(pieces: Buffer[]): number {
  const first = pieces[0];
  return first !== undefined && first.length >= 4 ? first.readUInt32BE(0) : Buffer.concat(pieces).readUInt32BE(0);
}
