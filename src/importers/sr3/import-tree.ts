import { redact } from "../../kernel/redact.ts";
import { writeDocument, type NativeFlow } from "../native-document.ts";
import { formatRemark, inOrder, type Remark, Remarks } from "../remark.ts";
import { type ConfigurationName, type Files, formatName, type Machine } from "./configuration-file.ts";
import { type CredentialsFile, parseCredentials } from "./credentials.ts";
import { fuse } from "./fuse.ts";
import { findMeetings, whyAlone } from "./meeting.ts";
import { posterOf } from "./poster.ts";
import { readConfiguration } from "./reader.ts";
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
 * `wanted` says whose flows: null is all. With an error in a configuration that has a part in it nothing is written.
 */
export function importWithoutBroker(tree: Tree, wanted: ((name: ConfigurationName) => boolean) | null): Imported {
  const { homeDirectory } = tree.machine;
  const remarks = new Remarks();
  const configurations = tree.names.map((name) => readConfiguration(name, tree));
  const sideRemarks = new Map(configurations.map((configuration) => [formatName(configuration), new Remarks()]));
  const remarksOf = (name: ConfigurationName): Remarks => sideRemarks.get(formatName(name)) ?? remarks;
  for (const configuration of configurations) remarksOf(configuration).add(configuration.remarks);
  const posters = configurations.flatMap((configuration) => posterOf(configuration, homeDirectory, remarksOf(configuration)) ?? []);
  const senders = configurations
    .filter(({ component }) => component === "sender")
    .flatMap((configuration) => senderOf(configuration, homeDirectory, remarksOf(configuration)) ?? []);
  const isWanted = (name: ConfigurationName): boolean => wanted === null || wanted(name);
  const meetings = findMeetings(posters, senders, remarks).filter(
    ({ poster, sender }) => isWanted(poster.configuration) || isWanted(sender.configuration),
  );

  const credentials = tree.credentials === null ? null : parseCredentials(tree.credentials);
  remarks.add(credentials?.remarks ?? []);
  const involved = new Set(meetings.flatMap(({ poster, sender }) => [formatName(poster.configuration), formatName(sender.configuration)]));
  for (const name of involved) remarks.add(sideRemarks.get(name)?.all ?? []);
  const nameFlow = namer();
  const flows = meetings.flatMap((meeting) => {
    const others = meetings.filter(({ sender }) => sender === meeting.sender);
    return fuse(
      meeting,
      flowName(meeting.sender, meeting.poster.configuration.name, others.length > 1),
      { homeDirectory, credentials: credentials?.credentials ?? [], nameFlow },
      remarks,
    );
  });
  const alone = configurations
    .filter((configuration) => isWanted(configuration) && !involved.has(formatName(configuration)))
    .map((configuration) => {
      const side = [...posters, ...senders].find((one) => one.configuration === configuration);
      const faults = remarksOf(configuration).all.filter(({ kind }) => kind === "error");
      const why =
        side !== undefined
          ? whyAlone(side)
          : faults[0] === undefined
            ? "a flow without a broker begins with a watch or a post, and ends with a sender"
            : formatRemark(faults[0]);
      return { name: { component: configuration.component, name: configuration.name }, why: redact(why) };
    });
  const failed = flows.length === 0 || remarks.all.some(({ kind }) => kind === "error");
  if (flows.length > 0) remarkStart(flows, remarks);
  return {
    yaml: failed ? null : documentOf(flows, tree.root, inOrder(remarks.all)),
    flows: flows.map(({ name }) => name),
    remarks: inOrder(remarks.all),
    alone,
  };
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
