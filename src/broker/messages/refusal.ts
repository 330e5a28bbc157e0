import type { PathFault } from "./untrusted-path.ts";

/** Why a message is not acted upon. It goes to the dead letters with this reason; nothing in a message makes us throw. */
export type MessageRefusal =
  | { refused: "unknown-format"; contentType: string }
  | { refused: "too-large"; what: "body" | "content"; sizeBytes: number; maxBytes: number }
  | { refused: "not-json"; detail: string }
  | { refused: "bad-field"; field: string; detail: string }
  | { refused: "unsafe-path"; field: string; fault: PathFault }
  | { refused: "bad-digest"; field: string }
  | { refused: "wrong-content"; detail: "size" | "digest" }
  | { refused: "unsupported"; what: string };

const pathFaults: Record<PathFault, string> = {
  empty: "it is empty",
  absolute: "it is absolute",
  "leaves-the-base": "it leads out of the base directory",
  nul: "it holds a NUL",
  "too-long": "it is longer than a path can be",
  "name-too-long": "one of its names is longer than a name can be",
  "not-bytes": "it holds what no name can be",
  encoded: "it is encoded over and over",
};

/** For a person; what the sender wrote is not repeated, since it may be anything. */
export function refusalText(refusal: MessageRefusal): string {
  switch (refusal.refused) {
    case "unknown-format":
      return `the content type is not application/json but ${JSON.stringify(refusal.contentType.slice(0, 64))}`;
    case "too-large":
      return `the ${refusal.what} has ${refusal.sizeBytes} B, more than ${refusal.maxBytes} B`;
    case "not-json":
      return `the body is no JSON object: ${refusal.detail}`;
    case "bad-field":
      return `the field ${refusal.field}: ${refusal.detail}`;
    case "unsafe-path":
      return `the path in ${refusal.field} is not used: ${pathFaults[refusal.fault]}`;
    case "bad-digest":
      return `the digest in ${refusal.field} is none`;
    case "wrong-content":
      return `the inline content does not have the message's ${refusal.detail}`;
    case "unsupported":
      return `not supported: ${refusal.what}`;
  }
}
