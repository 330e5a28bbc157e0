import { flowNamer } from "../flow-name.ts";
import { type NativeFlow, writeDocument } from "../native-document.ts";
import { noteRefusals } from "../refusals.ts";
import { formatRemark, inOrder, type Remark, Remarks } from "../remark.ts";
import { type Agent, readAgent, type Machine } from "./agent.ts";
import { agentFlow, flowNameOf } from "./agent-flow.ts";
import type { Word } from "./words.ts";

/** What one agent is given. `about`: what is said of it in the document; empty: nothing. */
export type AgentWords = { words: readonly Word[]; about: string };

export type ImportedAgents = {
  /** The whole file; null: nothing could be written, and the remarks say why. */
  yaml: string | null;
  flows: string[];
  agents: Agent[];
  remarks: Remark[];
};

/** Each agent becomes a flow. `head`: what the document is made of. With an error in one of them nothing is written. */
export function importAgents(
  given: readonly AgentWords[],
  context: { head: string; machine: Machine; ssh: readonly string[]; remarks?: readonly Remark[] },
): ImportedAgents {
  const remarks = new Remarks();
  remarks.add(context.remarks ?? []);
  const nameFlow = flowNamer();
  const made = given.flatMap(({ words, about }): Array<{ agent: Agent; flow: NativeFlow }> => {
    const agent = readAgent(words, context.machine, remarks);
    return agent === null ? [] : [{ agent, flow: agentFlow(agent, { name: nameFlow(flowNameOf(agent)), about, ssh: context.ssh }) }];
  });
  const flows = made.map(({ flow }) => flow);
  const isFaulty = (): boolean => remarks.all.some(({ kind }) => kind === "error");
  const head = [
    context.head,
    "Behind each key stands what it comes from; what is not carried over stands at the end. 'hotdir check' tries it.",
  ];
  if (!isFaulty() && flows.length > 0) noteRefusals(flows, writeDocument(flows, head, []), context.machine.homeDirectory, remarks);
  const all = inOrder(remarks.all);
  const tail = all.length === 0 ? [] : ["Notes of the import", ...all.map((remark) => `- ${formatRemark(remark)}`)];
  return {
    yaml: isFaulty() || flows.length === 0 ? null : writeDocument(flows, head, tail),
    flows: flows.map(({ name }) => name),
    agents: made.map(({ agent }) => agent),
    remarks: all,
  };
}
