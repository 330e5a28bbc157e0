import type { ErrorCode } from "../../kernel/error-codes.ts";
import type { CommandEnd } from "../send/run-command.ts";
import { codeOfComplaint } from "../send/ssh/complaints.ts";
import { classifyExit } from "../send/ssh/exit-classification.ts";

const troubles: readonly ErrorCode[] = ["host-key-changed", "too-many-connections", "login-refused", "unreachable"];

/** What a command that goes by ssh said of the host, where the host and not the command is the trouble; null: nothing. */
export function hostTrouble({ exit, words }: Pick<CommandEnd, "exit" | "words">): ErrorCode | null {
  const { code } = classifyExit(exit, words, "connecting");
  return troubles.includes(code) ? code : null;
}

/** What no reading of a source says. */
const farTroubles: readonly ErrorCode[] = ["destination-full", "destination-read-only"];

/** What a transfer command said of the host, or of its disk, where that and not the file is the trouble; null: nothing. */
export function farTrouble(end: Pick<CommandEnd, "exit" | "words">): ErrorCode | null {
  const complaint = codeOfComplaint(end.words.join("\n"));
  return hostTrouble(end) ?? (farTroubles.includes(complaint) ? complaint : null);
}
