import type { ErrorCode } from "../../../kernel/error-codes.ts";

/** strerror(3) in the C locale, at the end of a line of tar's or sync's. */
const texts: Array<[RegExp, ErrorCode]> = [
  [/No space left on device|Disk quota exceeded/, "destination-full"],
  [/Read-only file system/, "destination-read-only"],
  [/Input\/output error|Stale file handle/, "destination-io"],
  [/Permission denied|Operation not permitted/, "permission-denied"],
  [/File name too long|Invalid argument/, "name-refused"],
  [/File exists/, "exists"],
  [/Directory not empty/, "not-empty"],
  [/Not a directory|Is a directory/i, "wrong-type"],
  [/No such file or directory/, "not-found"],
];

/** What a tool that ended with an error complained about; the gravest complaint counts, since it may be one of many. */
export function codeOfComplaint(text: string): ErrorCode {
  return texts.find(([pattern]) => pattern.test(text))?.[1] ?? "refused";
}
