import { redact } from "../../kernel/redact.ts";
import { writeDocument, type NativeFlow } from "../native-document.ts";
import { formatRemark, inOrder, type Remark, Remarks } from "../remark.ts";
import { type ConfigurationName, type Files, type Machine } from "./configuration-file.ts";
import { type CredentialsFile, parseCredentials } from "./credentials.ts";
import { fuse } from "./fuse.ts";
import { findMeetings, whyAlone } from "./meeting.ts";
import { type Poster, posterOf } from "./poster.ts";
import { type Configuration, readConfiguration } from "./reader.ts";
import { type Sender, senderOf } from "./sender.ts";

/** A directory of sr3's, as it was found. */
export type Tree = {
  root: string;
  names: readonly ConfigurationName[];
  files: Files;
  machine: Machine;
  credentials: CredentialsFile | null;
};

export type Imported = {
  /** The whole file; null: nothing could be written, and the remarks say why. */
  yaml: string | null;
  flows: string[];
  remarks: Remark[];
  /** Configurations that have no part in it, with the reason. */
  alone: Array<{ name: ConfigurationName; why: string }>;
};

/**
 * Every watch or post and sender that meet on an exchange become one flow that needs no broker.
 * `wanted` says whose flows: null is all. With an error in one of them nothing is written.
 */
export function importWithoutBroker(tree: Tree, wanted: ((name: ConfigurationName) => boolean) | null): Imported {
  const { homeDirectory } = tree.machine;
  const isWanted = (name: ConfigurationName): boolean => wanted === null || wanted(name);
  const read = tree.names.map((name) => readSide(name, tree));
  const [posters, senders] = [read.flatMap(({ poster }) => poster ?? []), read.flatMap(({ sender }) => sender ?? [])];
  const meetings = findMeetings(posters, senders).filter(
    ({ poster, sender }) => isWanted(poster.configuration) || isWanted(sender.configuration),
  );
  const partOf = ({ configuration }: ReadSide): boolean =>
    meetings.some(({ poster, sender }) => poster.configuration === configuration || sender.configuration === configuration);
  /** It would have a part, perhaps, if it had no fault. */
  const isFaulty = (side: ReadSide): boolean =>
    isSide(side.configuration) && isWanted(side.configuration) && side.remarks.some(({ kind }) => kind === "error");

  const remarks = new Remarks();
  const credentials = tree.credentials === null ? null : parseCredentials(tree.credentials);
  remarks.add(credentials?.remarks ?? []);
  for (const side of read) if (partOf(side) || isFaulty(side)) remarks.add(side.remarks);
  const context = { homeDirectory, credentials: credentials?.credentials ?? [], nameFlow: namer() };
  const flows = meetings.flatMap((meeting) => {
    remarks.add(meeting.remarks);
    const several = meetings.filter(({ sender }) => sender === meeting.sender).length > 1;
    return fuse(meeting, flowName(meeting.sender, meeting.poster.configuration.name, several), context, remarks);
  });
  if (flows.length > 0) remarkStart(flows, remarks);
  const failed = flows.length === 0 || remarks.all.some(({ kind }) => kind === "error");
  return {
    yaml: failed ? null : documentOf(flows, tree.root, inOrder(remarks.all)),
    flows: flows.map(({ name }) => name),
    remarks: inOrder(remarks.all),
    alone: read.filter((side) => isWanted(side.configuration) && !partOf(side) && !isFaulty(side)).map(describeAlone),
  };
}

type ReadSide = { configuration: Configuration; poster: Poster | null; sender: Sender | null; remarks: readonly Remark[] };

function isSide({ component }: ConfigurationName): boolean {
  return component === "watch" || component === "post" || component === "sender";
}

function readSide(name: ConfigurationName, tree: Tree): ReadSide {
  const configuration = readConfiguration(name, tree);
  const remarks = new Remarks();
  remarks.add(configuration.remarks);
  const { homeDirectory } = tree.machine;
  const poster = posterOf(configuration, homeDirectory, remarks);
  const sender = name.component === "sender" ? senderOf(configuration, homeDirectory, remarks) : null;
  return { configuration, poster, sender, remarks: remarks.all };
}

function describeAlone({ configuration: { component, name }, poster, sender }: ReadSide): Imported["alone"][number] {
  const side = poster ?? sender;
  const why = side === null ? "a flow without a broker begins with a watch or a post, and ends with a sender" : whyAlone(side);
  return { name: { component, name }, why: redact(why) };
}

/** Where hotdir is another by design, once for all. */
function remarkStart(flows: readonly NativeFlow[], remarks: Remarks): void {
  if (flows.some(({ entries }) => JSON.stringify(entries).includes('"directory"')))
    remarks.note(
      null,
      "what is in a watched directory when hotdir first starts is sent as well: sr3 sends only what comes while its watch runs",
    );
  remarks.note(null, "sr3 takes any host key; hotdir uses ssh, so that the host must be in ~/.ssh/known_hosts (connect once by hand)");
}

function documentOf(flows: readonly NativeFlow[], root: string, remarks: readonly Remark[]): string {
  const head = [
    `Made by 'hotdir import sr3' of ${root}: what the watches, posts and senders there do, without a broker.`,
    "Behind each key stand the lines that it comes from; what is not carried over stands at the end. 'hotdir check' tries it.",
  ];
  const tail = remarks.length === 0 ? [] : ["Notes of the import", ...remarks.map((remark) => `- ${formatRemark(remark)}`)];
  return writeDocument(flows, head, tail);
}

function flowName({ configuration }: Sender, poster: string, several: boolean): string {
  const wanted = several && poster !== configuration.name ? `${configuration.name}_${poster}` : configuration.name;
  return (
    wanted
      .replaceAll(/[^A-Za-z0-9_-]/g, "_")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 56) || "flow"
  );
}

/** Each name once. */
function namer(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let at = 2; taken.has(name); at++) name = `${wanted}_${at}`;
    taken.add(name);
    return name;
  };
}
