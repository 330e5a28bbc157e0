import { redact } from "../../../kernel/redact.ts";
import type { NativeFlow } from "../../native-document.ts";
import { Remarks } from "../../remark.ts";
import { type ConfigurationName, formatName } from "../configuration-file.ts";
import { parseCredentials } from "../credentials.ts";
import { flowNameOf } from "../flow-name.ts";
import { plugins } from "../plugins.ts";
import { type Poster, posterOf } from "../poster.ts";
import { type Configuration, readConfiguration } from "../reader.ts";
import type { Tree } from "../import-tree.ts";
import { roleOf } from "./fates.ts";
import { noteLines } from "./line-notes.ts";
import { type Assumed, posterFlows } from "./poster-flow.ts";
import { publisherOf } from "./publication.ts";
import { downloadFlow, type ReceiverContext, senderFlow } from "./receiver-flow.ts";
import { relayFlow } from "./relay-flow.ts";
import { isRemover, removerFlow } from "./remover-flow.ts";
import { brokerOf } from "./broker-keys.ts";
import { bindingsOf } from "../sender.ts";

export type Translation = {
  flows: NativeFlow[];
  remarks: Remarks;
  /** Configurations that have no part in it, with the reason. */
  alone: Array<{ name: ConfigurationName; why: string }>;
};

/** Each configuration as what it is: a flow that publishes, or subscribes, or both. Others of the tree are read only where one leaves something to them. */
export function translateTree(tree: Tree, names: readonly ConfigurationName[], nameFlow: (wanted: string) => string): Translation {
  const remarks = new Remarks();
  const credentials = tree.credentials === null ? null : parseCredentials(tree.credentials);
  remarks.add(credentials?.remarks ?? []);
  const context: ReceiverContext = {
    homeDirectory: tree.machine.homeDirectory,
    credentialsFile: tree.credentials?.path ?? `${tree.root}/credentials.conf`,
    hasCredentials: tree.credentials !== null,
    credentials: credentials?.credentials ?? [],
    files: tree.files,
    machine: tree.machine,
  };
  const alone: Translation["alone"] = [];
  const flows = names.flatMap((name): NativeFlow[] => {
    const why = whyNot(name);
    if (why !== null) {
      alone.push({ name, why });
      return [];
    }
    const configuration = readConfiguration(name, tree);
    const idle = whyIdle(configuration);
    if (idle !== null) {
      alone.push({ name, why: redact(idle) });
      return [];
    }
    remarks.add(configuration.remarks);
    const made = translate(configuration, tree, context, () => nameFlow(flowNameOf(name)), remarks);
    return made;
  });
  return { flows, remarks, alone };
}

/** What hotdir has no flow for, whatever is in it. */
function whyNot({ component }: ConfigurationName): string | null {
  if (roleOf(component) !== null || component === "flow") return null;
  if (component === "poll") return "polls are not imported: hotdir looks at directories of this machine, and listens to messages";
  if (component === "cpump") return "a cpump is not imported: as shovel it would be";
  return `there is no flow for a ${component}`;
}

/** A relay that passes nothing on only runs its plugins. */
function whyIdle(configuration: Configuration): string | null {
  const { component, effective } = configuration;
  if (component !== "shovel" && component !== "winnow") return null;
  if (effective.text("post_broker") !== null || configuration.remarks.some(({ kind }) => kind === "error")) return null;
  const asked = plugins(configuration).map(({ name, fate }) => (fate === null ? name : `${name} (${fate.what})`));
  const what = asked.length === 0 ? "" : `; its plugins do not run in hotdir: ${asked.join(", ")}`;
  return `it names no post_broker, so that it passes nothing on${what}`;
}

function translate(
  configuration: Configuration,
  tree: Tree,
  context: ReceiverContext,
  nameFlow: () => string,
  remarks: Remarks,
): NativeFlow[] {
  const role = roleOf(configuration.component);
  if (role === null) {
    remarks.error(
      { file: configuration.file, line: 1 },
      "a flow of one's own is what its plugins make of it, and they do not run in hotdir: as subscribe, sarra, sender, shovel or winnow it could be imported",
    );
    return [];
  }
  noteLines(configuration, role, remarks);
  const flow = (made: NativeFlow | null): NativeFlow[] => (made === null ? [] : [made]);
  switch (role) {
    case "poster": {
      const poster = posterOf(configuration, context.homeDirectory, remarks);
      return poster === null ? [] : posterFlows(poster, assumedPublisher(poster, tree, remarks), context, nameFlow, remarks);
    }
    case "sender":
      return flow(senderFlow(configuration, nameFlow(), context, remarks));
    case "download":
      if (isRemover(configuration)) return flow(removerFlow(configuration, nameFlow(), context, remarks));
      return flow(downloadFlow(configuration, nameFlow(), context, remarks));
    case "relay":
      return flow(relayFlow(configuration, nameFlow(), context, remarks));
  }
}

/** A post may leave to its sender's name whom it is for. */
function assumedPublisher(poster: Poster, tree: Tree, remarks: Remarks): Assumed {
  const { configuration } = poster;
  if (configuration.effective.text("post_broker") !== null || publisherOf(configuration) !== null) return null;
  const { name } = configuration;
  if (!tree.names.some((other) => other.component === "sender" && other.name === name)) return null;
  const sender = readConfiguration({ component: "sender", name }, tree);
  const broker = brokerOf(sender, "broker");
  const [binding] = bindingsOf(sender, broker, new Remarks());
  if (broker === null || binding === undefined) return null;
  remarks.assumed(
    { file: configuration.file, line: 1 },
    `it names no post_broker, and sr3 cannot post with it; it is for ${formatName(sender)}, which has its name and takes from ${binding.exchange}`,
  );
  return { broker, exchange: poster.exchange ?? binding.exchange };
}
