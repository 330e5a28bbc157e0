import { type NativeEntry, writeDocument } from "../../native-document.ts";
import { type At, formatRemark, inOrder, type Remark } from "../../remark.ts";
import type { Read } from "../section-reader.ts";
import { type HandoffConfiguration, type HandoffContext, readHandoff } from "./configuration.ts";

const FLOW = "handoff";
/** What the native form allows. */
const BATCH_MAX = 100;
const LANES_MAX = 64;
const RESCAN_MIN_S = 60;
const RESCAN_MAX_S = 7 * 86_400;
const BACKOFF_MAX_S = 600;

/** `yaml` null: there are errors among the remarks. */
export type ImportedHandoff = {
  yaml: string | null;
  flows: readonly string[];
  configuration: HandoffConfiguration | null;
  remarks: readonly Remark[];
};

/** The native configuration that equals one of DBB's handoff manager. */
export function importHandoff(text: string, file: string, context: HandoffContext): ImportedHandoff {
  const { configuration, remarks } = readHandoff(text, file, context);
  if (configuration === null) return { yaml: null, flows: [], configuration, remarks: inOrder(remarks.all) };
  remarks.note(null, "a file is sent once nobody has it open for writing; the original sent it as it was found");
  remarks.note(null, "only files are sent, as in the original: no empty directory, no symbolic link, no removal");
  if (configuration.endpoint.staging === null)
    remarks.note(
      configuration.endpoint.buffer.at,
      "without a staging area files land in hidden directories of the buffer, .hotdir-*, and get their names once they are proved",
    );
  if (configuration.database === null) remarks.assumed(null, "no database is named, so that no batches are written into one");
  const told = inOrder(remarks.all);
  const flow = { name: FLOW, about: "", entries: entriesOf(configuration), members: membersOf(configuration.general.exclude) };
  const head = [`Made of ${file}, a configuration of the DBB handoff buffer manager.`];
  return { yaml: writeDocument([flow], head, told.map(formatRemark)), flows: [FLOW], configuration, remarks: told };
}

function membersOf(patterns: ReadonlyArray<Read<string>>): Map<string, readonly At[]> {
  return new Map(patterns.map(({ value, at }) => [value, [at]]));
}

function entriesOf({ buffer, holding, endpoint, database, general }: HandoffConfiguration): NativeEntry[] {
  const pauseS = general.pauseS?.value ?? 1;
  return [
    {
      key: "source",
      value: [
        { key: "directory", value: buffer.value, from: [buffer.at] },
        ...(general.exclude.length === 0 ? [] : [{ key: "reject", value: general.exclude.map(({ value }) => value) }]),
        {
          key: "rescan",
          value: `${Math.min(RESCAN_MAX_S, Math.max(RESCAN_MIN_S, pauseS))}s`,
          ...fromOf(general.pauseS),
          because: "what is closed is seen at once",
        },
        { key: "propagate", value: ["put"] },
      ],
    },
    { key: "destination", value: destinationOf({ endpoint, database, general }) },
    {
      key: "retry",
      value: [
        { key: "attempts", value: "unlimited" },
        { key: "backoff", value: `${Math.min(pauseS, BACKOFF_MAX_S)}s..${BACKOFF_MAX_S}s`, ...fromOf(general.pauseS) },
      ],
    },
    {
      key: "retain",
      value: [
        { key: "hold", value: holding.value, from: [holding.at] },
        { key: "empty_directories_after", value: `${general.expirationS?.value ?? 86_400}s`, ...fromOf(general.expirationS) },
      ],
    },
  ];
}

function destinationOf({ endpoint, database, general }: Pick<HandoffConfiguration, "endpoint" | "database" | "general">): NativeEntry[] {
  const { buffer, staging, transfer, remote, parameters } = endpoint;
  const used = [...parameters].filter(([name]) => [transfer, remote].some(({ value }) => value.includes(`{${name}}`)));
  const batch = general.chunkSize?.value ?? 10;
  const threads = general.threads?.value ?? 1;
  return [
    { key: "directory", value: buffer.value, from: [buffer.at] },
    ...(staging === null ? [] : [{ key: "inflight", value: [{ key: "staging", value: staging.value, from: [staging.at] }] }]),
    { key: "lanes", value: Math.min(threads, LANES_MAX), ...fromOf(general.threads) },
    { key: "verify", value: "blake2b", because: "the database holds BLAKE2b digests" },
    {
      key: "commands",
      value: [
        { key: "transfer", value: transfer.value, from: [transfer.at] },
        { key: "remote", value: remote.value, from: [remote.at] },
        ...(used.length === 0 ? [] : [{ key: "parameters", value: used.map(([key, { value, at }]) => ({ key, value, from: [at] })) }]),
        { key: "batch", value: Math.min(batch, BATCH_MAX), ...fromOf(general.chunkSize) },
        ...(general.timeoutS === null ? [] : [{ key: "timeout", value: `${general.timeoutS.value}s`, from: [general.timeoutS.at] }]),
        ...(database === null ? [] : [{ key: "journal", value: database.value, from: [database.at] }]),
      ],
    },
  ];
}

function fromOf(read: Read<unknown> | null): { from?: readonly At[] } {
  return read === null ? {} : { from: [read.at] };
}
