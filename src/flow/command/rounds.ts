import { type Bytes, nameOf, parentOf } from "../../kernel/path.ts";
import type { ClaimedPut } from "../send/context.ts";

/** What the names of one round may take in a command, each twice. */
const NAMES_BYTES_MAX = 16 * 1024;

/** Cuts claimed files into rounds: of one directory at the far end, `filesMax` at most, no two that would land under one name. Pure. */
export function intoRounds(puts: readonly ClaimedPut[], filesMax: number): ClaimedPut[][] {
  const open = new Map<string, { puts: ClaimedPut[]; names: Set<Bytes>; bytes: number }>();
  const rounds: ClaimedPut[][] = [];
  for (const put of puts) {
    const { path } = put.change;
    const directory = parentOf(path);
    const source = put.file?.path ?? path;
    const bytes = path.length + source.length;
    let round = open.get(directory);
    if (round === undefined || round.puts.length >= filesMax || round.bytes + bytes > NAMES_BYTES_MAX || round.names.has(nameOf(source))) {
      round = { puts: [], names: new Set(), bytes: 0 };
      open.set(directory, round);
      rounds.push(round.puts);
    }
    round.puts.push(put);
    round.names.add(nameOf(source));
    round.bytes += bytes;
  }
  return rounds;
}
