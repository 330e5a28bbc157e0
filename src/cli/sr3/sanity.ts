import { redact } from "../../kernel/redact.ts";
import { repairAll } from "../../service/sanity.ts";
import { endAll, isRunning, takeUp } from "./running.ts";
import type { Session } from "./session.ts";
import { changedOf, readTranslation } from "./translation.ts";

/** Starts what should run and does not, and ends what runs and has no configuration any more. Nothing that was changed is taken by it. */
export async function sanity(session: Session): Promise<number> {
  const { places, context } = session;
  const gone = await letGo(session);
  const report = await repairAll(places.state, [], context.signal);
  if (report === null) {
    session.say("sanity: another one is at work here");
    return 0;
  }
  if (report.repaired.length === 0 && report.problems.length === 0) session.say("sanity: no missing processes found");
  else session.say("sanity: .");
  for (const line of report.repaired) session.say(`repaired: ${redact(line)}`);
  session.say(
    gone.length === 0 ? "no stray processes found" : `ended, since their configurations are gone or switched off: ${gone.join(", ")}`,
  );
  if (report.standing !== "") session.say(redact(report.standing));
  const changed = changedOf(readTranslation(places));
  if (changed.length > 0) session.say(`changed since it was started: ${changed.join(", ")} ('sr3 restart' takes it anew)`);
  for (const line of report.problems) session.complain(`hotdir: sr3 sanity: ${redact(line)}`);
  return report.problems.length > 0 ? 1 : 0;
}

async function letGo(session: Session): Promise<string[]> {
  const before = Object.keys(readTranslation(session.places).configurations);
  if (before.length === 0) return [];
  const { translation, configuration } = await session.take([]);
  const gone = before.filter((name) => translation.configurations[name] === undefined);
  if (gone.length > 0 && (await isRunning(session))) {
    if (configuration === null) await endAll(session, "stop");
    else await takeUp(session, new Set(), false);
  }
  return gone;
}
