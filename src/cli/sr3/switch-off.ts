import { formatName } from "../../importers/sr3/configuration-file.ts";
import { misused } from "./arguments.ts";
import { disable as switchOff, enable as switchOn } from "./disabled.ts";
import { flowsOf, liveFlows } from "./running.ts";
import type { Session } from "./session.ts";
import { readTranslation } from "./translation.ts";

/** As in sr3, one that runs is stopped first: it would go on otherwise, and not come back. */
export async function disable(session: Session): Promise<number> {
  const names = named(session);
  const running = new Set(await liveFlows(session));
  const translation = readTranslation(session.places);
  let refused = 0;
  for (const name of names) {
    if (flowsOf(translation, [name]).some((flow) => running.has(flow))) {
      session.complain(`hotdir: sr3 disable: ${formatName(name)} runs: 'sr3 stop ${formatName(name)}' first`);
      refused++;
      continue;
    }
    switchOff(session.places, name);
    session.say(`${formatName(name)} is disabled: 'sr3 start' leaves it out until 'sr3 enable ${formatName(name)}'`);
  }
  return refused > 0 ? 1 : 0;
}

export async function enable(session: Session): Promise<number> {
  for (const name of named(session)) {
    switchOn(session.places, name);
    session.say(`${formatName(name)} is enabled: 'sr3 start ${formatName(name)}' runs it`);
  }
  return 0;
}

function named({ words, chosen }: Session): Session["chosen"] {
  if (words.patterns.length === 0) throw misused(`which configuration? 'sr3 ${words.verb} COMPONENT/NAME'`);
  return chosen;
}
