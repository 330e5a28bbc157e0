import { connectControl } from "../daemon/control-client.ts";
import type { LiveStatus, SettingsAnswer } from "../daemon/control-protocol.ts";
import { openForReading } from "../flow/ledger/database.ts";
import { flowId, heldOf } from "../flow/ledger/flows.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Keeper } from "./standing.ts";

type Parts = {
  stateDirectory: string;
  live: LiveStatus;
  /** Those to look at; none: all. */
  named: string[];
  keeper: Keeper;
  report: { repaired: string[]; problems: string[] };
};

/** Starts flows that should run and do not, and tells of those that wait for a person. What a person stopped or paused stays so. */
export async function repairFlows({ stateDirectory, live, named, keeper, report }: Parts): Promise<void> {
  const concerns = (name: string): boolean => named.length === 0 || named.includes(name);
  for (const { name, state, reason } of live.flows)
    if (state === "halted" && concerns(name))
      report.problems.push(`${name} is halted: ${reason ?? "no reason was kept"}; look at its source, then 'hotdir resume ${name}'`);
  using client = await connectControl(stateDirectory);
  if (client === null) return;
  const { flows } = await client.ask<SettingsAnswer>({ ask: "settings" });
  // A person may have chosen some flows in the foreground; what is in the background is all of them.
  const expected = named.length > 0 ? named : keeper === "person" ? [] : Object.keys(flows);
  for (const flow of expected) {
    if (live.flows.some(({ name }) => name === flow) || isStopped(stateDirectory, flow)) continue;
    try {
      await client.ask({ ask: "start", flow });
      report.repaired.push(`started the flow ${flow}, which did not run`);
    } catch (error) {
      report.problems.push(`the flow ${flow} could not be started: ${messageOf(error)}`);
    }
  }
}

function isStopped(stateDirectory: string, flow: string): boolean {
  using db = openForReading(stateDirectory);
  const id = db === null ? null : flowId(db, flow);
  return db !== null && id !== null && heldOf(db, id) === "stopped";
}
