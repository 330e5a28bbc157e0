import { stringify } from "yaml";
import { nameOf, type RelPath, textOf } from "../../../kernel/path.ts";
import type { ReceiptRow } from "../../ledger/receipts.ts";
import type { ManifestHead } from "./contract.ts";

/**
 * SupRsync's finalization file, as PyYAML writes it: keys by the alphabet, times as floats. A sub-directory is the component after the
 * timecode; a file right in the timecode directory has none. What looks like a number or a date to YAML 1.1 is quoted.
 */
export function* suprsyncManifest(head: ManifestHead, members: Iterable<ReceiptRow>): Generator<string> {
  const subdirectories = new Set<string>();
  let files = 0;
  const paths = function* (): Generator<RelPath> {
    for (const { path } of members) yield path;
    yield* head.membersElsewhere;
  };
  for (const path of paths()) {
    files++;
    const below = path.slice(head.set.length + 1);
    const slash = below.indexOf("/");
    if (slash > 0) subdirectories.add(textOf(below.slice(0, slash) as RelPath));
  }
  // Not a name's own doing what becomes of its quotes: one library knows the rules.
  const text = (value: object): string => stringify(value, { version: "1.1", singleQuote: true, indentSeq: false, lineWidth: 0 });
  yield text({ archive_name: head.archive });
  yield `finalized_at: ${float(head.nowMs / 1000)}\nfinalized_until: ${float(head.finalizedUntilS())}\n`;
  yield text({
    instance_id: head.instance ?? "",
    num_files: files,
    subdirs: [...subdirectories].toSorted(),
    timecode: head.timecode ?? textOf(nameOf(head.set)),
  });
}

/** As Python writes a float: never without a point. */
function float(seconds: number): string {
  return Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds);
}
