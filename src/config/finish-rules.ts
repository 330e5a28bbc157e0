import type { RuleFacts, RuleFault } from "./rules.ts";

export const finishRules: Array<(facts: RuleFacts) => RuleFault[]> = [finishIsHere, catalogHoldsDigests, catalogedFilesStay];

const what = { ingest: "the ingest command runs on this machine", catalog: "the catalog is of files on this machine" } as const;

/** The command gets the files as they are at the destination. */
function finishIsHere({ flow, written }: RuleFacts): RuleFault[] {
  const { url } = flow.destination ?? {};
  const elsewhere =
    url !== undefined
      ? url.kind === "file"
        ? null
        : "the destination is on another: run hotdir there (a flow from that directory, or one that subscribes), or tell others by announce"
      : ["publish", "remove", "commands"].some((key) => written("destination", key))
        ? "this flow delivers no files to it"
        : null;
  if (elsewhere === null) return [];
  return (["ingest", "catalog"] as const)
    .filter((key) => written("finish", key))
    .map((key) => ({ path: ["finish", key], about: "key", message: `${what[key]}, and ${elsewhere}` }));
}

function catalogHoldsDigests({ flow, written }: RuleFacts): RuleFault[] {
  const verify = flow.destination?.verify;
  if ((verify !== "size" && verify !== "none") || !written("finish", "catalog")) return [];
  const message = `a catalog's checksum is that of the receipt, and verify: ${verify} makes none`;
  return [{ path: ["destination", "verify"], message, suggestion: "blake2b" }];
}

/** Its rows would name files that are not there any more. */
function catalogedFilesStay({ flow, written }: RuleFacts): RuleFault[] {
  const propagate: readonly string[] = flow.source?.propagate ?? [];
  if (!written("finish", "catalog") || !propagate.some((kind) => kind === "rename" || kind === "delete" || kind === "rmdir")) return [];
  const message = "a catalog says where each file was delivered, and a rename would make that wrong: propagate no rename, delete or rmdir";
  return [{ path: ["source", "propagate"], message, suggestion: "[put, mkdir]" }];
}
