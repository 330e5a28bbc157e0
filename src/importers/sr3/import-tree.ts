import { redact } from "../../kernel/redact.ts";
import { asFlowName, flowNamer } from "../flow-name.ts";
import { writeDocument, type NativeFlow } from "../native-document.ts";
import { formatRemark, inOrder, type Remark, Remarks } from "../remark.ts";
import { type ConfigurationName, type Files, type Machine } from "./configuration-file.ts";
import { type CredentialsFile, parseCredentials } from "./credentials.ts";
import { fuse } from "./fuse.ts";
import { findMeetings, whyAlone } from "./meeting.ts";
import { type Poster, posterOf } from "./poster.ts";
import { noteRefusals } from "../refusals.ts";
import { type Configuration, readConfiguration } from "./reader.ts";
import { type Sender, senderOf } from "./sender.ts";
import { translateTree } from "./with-broker/import-with-broker.ts";

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
 * With a broker each configuration becomes a flow of its own (a watch a flow for each of its paths); without one see below. `wanted` says
 * which: null is all. With an error in one of them nothing is written.
 */
export function importTree(
  tree: Tree,
  wanted: ((name: ConfigurationName) => boolean) | null,
  { withoutBroker }: { withoutBroker: boolean },
): Imported {
  return withoutBroker ? importWithoutBroker(tree, wanted) : importWithBroker(tree, wanted);
}

function importWithBroker(tree: Tree, wanted: ((name: ConfigurationName) => boolean) | null): Imported {
  const names = tree.names.filter((name) => wanted === null || wanted(name));
  const { flows, remarks, alone } = translateTree(tree, names, flowNamer());
  const document = documentFor(flows, tree, remarks, "what the configurations there do");
  return {
    yaml: document,
    flows: flows.map(({ name }) => name),
    remarks: inOrder(remarks.all),
    alone,
  };
}

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
  const context = { homeDirectory, credentials: credentials?.credentials ?? [], nameFlow: flowNamer() };
  const flows = meetings.flatMap((meeting) => {
    remarks.add(meeting.remarks);
    const several = meetings.filter(({ sender }) => sender === meeting.sender).length > 1;
    return fuse(meeting, flowName(meeting.sender, meeting.poster.configuration.name, several), context, remarks);
  });
  const document = documentFor(flows, tree, remarks, "what the watches, posts and senders there do, without a broker");
  return {
    yaml: document,
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
  const poster = isSide(name) ? posterOf(configuration, homeDirectory, remarks) : null;
  if (poster !== null && poster.split > 0)
    remarks.error(
      poster.configuration.effective.at("post_exchangeSplit"),
      "post_exchangeSplit: what is split over several exchanges needs the broker",
    );
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
  if (flows.some(({ entries }) => JSON.stringify(entries).includes("sftp://")))
    remarks.note(null, "sr3 takes any host key; hotdir uses ssh, so that the host must be in ~/.ssh/known_hosts (connect once by hand)");
}

/** null: there is nothing, or an error in it. */
function documentFor(flows: readonly NativeFlow[], tree: Tree, remarks: Remarks, what: string): string | null {
  const isFaulty = (): boolean => remarks.all.some(({ kind }) => kind === "error");
  if (flows.length > 0) remarkStart(flows, remarks);
  if (flows.length === 0 || isFaulty()) return null;
  noteRefusals(flows, documentOf(flows, tree.root, [], what), tree.machine.homeDirectory, remarks);
  return isFaulty() ? null : documentOf(flows, tree.root, inOrder(remarks.all), what);
}

function documentOf(flows: readonly NativeFlow[], root: string, remarks: readonly Remark[], what: string): string {
  const head = [
    `Made by 'hotdir import sr3' of ${root}: ${what}.`,
    "Behind each key stand the lines that it comes from; what is not carried over stands at the end. 'hotdir check' tries it.",
  ];
  const tail = remarks.length === 0 ? [] : ["Notes of the import", ...remarks.map((remark) => `- ${formatRemark(remark)}`)];
  return writeDocument(flows, head, tail);
}

function flowName({ configuration }: Sender, poster: string, several: boolean): string {
  const wanted = several && poster !== configuration.name ? `${configuration.name}_${poster}` : configuration.name;
  return asFlowName(wanted);
}
