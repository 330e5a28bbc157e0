import type { Remark } from "../remark.ts";
import { formatBroker, sameBroker } from "./broker-url.ts";
import { formatName } from "./configuration-file.ts";
import type { Poster } from "./poster.ts";
import type { Sender } from "./sender.ts";

/** A poster and a sender that meet on an exchange. `subtopics`: what of it the sender gets. `remarks`: what the files do not say of it. */
export type Meeting = { poster: Poster; sender: Sender; how: string; subtopics: string[]; remarks: Remark[] };

/** Who meets whom. */
export function findMeetings(posters: readonly Poster[], senders: readonly Sender[]): Meeting[] {
  const meetings = senders.flatMap((sender) =>
    posters.flatMap((poster): Meeting[] => {
      const met = sender.bindings.filter((binding) => binding.exchange === poster.exchange);
      if (met.length === 0 || !mayShareBroker(poster, sender)) return [];
      const how = `by exchange ${poster.exchange}`;
      return [{ poster, sender, how, subtopics: met.map(({ subtopic }) => subtopic), remarks: remarkBroker(poster, sender) }];
    }),
  );
  return [...meetings, ...senders.flatMap((sender) => meetByName(sender, posters, meetings))];
}

function mayShareBroker(poster: Poster, sender: Sender): boolean {
  return poster.broker === null || sender.broker === null || sameBroker(poster.broker, sender.broker);
}

function remarkBroker(poster: Poster, sender: Sender): Remark[] {
  if (poster.broker !== null && sender.broker !== null) return [];
  const [lacking, option] = poster.broker === null ? [poster.configuration, "post_broker"] : [sender.configuration, "broker"];
  const at = lacking.effective.at(option) ?? { file: lacking.file, line: 1 };
  const names = `${formatName(poster.configuration)} and ${formatName(sender.configuration)}`;
  return [{ kind: "assumed", at, message: `${option}: sr3 knows no such broker; ${names} have the exchange in common` }];
}

/** A post may leave to its sender's name whom it is for. */
function meetByName(sender: Sender, posters: readonly Poster[], meetings: readonly Meeting[]): Meeting[] {
  if (meetings.some((meeting) => meeting.sender === sender)) return [];
  const poster = posters.find(({ exchange, configuration }) => exchange === null && configuration.name === sender.configuration.name);
  if (poster === undefined) return [];
  const at = { file: poster.configuration.file, line: 1 };
  const message = `it names neither post_broker nor post_exchange, and sr3 cannot post with it; it is for ${formatName(sender.configuration)}, which has its name`;
  const subtopics = sender.bindings.map(({ subtopic }) => subtopic);
  return [{ poster, sender, how: "by name", subtopics, remarks: [{ kind: "assumed", at, message }] }];
}

/** Why a configuration has no part in any flow, in one line. */
export function whyAlone(side: Poster | Sender): string {
  if ("kind" in side) {
    const where = side.exchange === null ? "it names no exchange" : `no sender here takes from exchange ${side.exchange}`;
    return `${where}${side.broker === null ? "" : ` of ${formatBroker(side.broker)}`}`;
  }
  const exchanges = [...new Set(side.bindings.map(({ exchange }) => exchange))].join(", ");
  return `no watch or post here posts to ${exchanges}${side.broker === null ? "" : ` of ${formatBroker(side.broker)}`}`;
}
