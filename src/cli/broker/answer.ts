import { troubleText } from "../../broker/amqp/bus-state.ts";
import type { LinkTrouble } from "../../broker/amqp/link-state.ts";
import type { ObjectReport } from "../../broker/amqp/topology.ts";
import type { Look, Style } from "../render/terminal.ts";
import type { AtBroker } from "./by-broker.ts";

/** What came of a visit to one broker. */
export type BrokerAnswer = Pick<AtBroker, "address" | "flows"> &
  ({ reached: true; objects: ObjectReport[] } | { reached: false; trouble: LinkTrouble } | { reached: null; remark: string });

/** MQTT has neither exchanges nor queues. */
export const nothingToMake = "MQTT has no exchanges and no queues: the broker keeps a subscription from its flow's first connection on";

export function answerJson(answer: BrokerAnswer): object {
  const { address, flows } = answer;
  if (answer.reached === null) return { broker: address, flows, reached: null, reason: answer.remark, objects: [] };
  if (!answer.reached) return { broker: address, flows, reached: false, reason: troubleText(answer.trouble), objects: [] };
  return { broker: address, flows, reached: true, reason: null, objects: answer.objects };
}

const styles: Record<ObjectReport["outcome"], Style> = {
  declared: "green",
  removed: "green",
  absent: "dim",
  differs: "yellow",
  kept: "yellow",
  refused: "red",
};

const words: Record<ObjectReport["outcome"], string> = {
  declared: "is there",
  removed: "removed",
  absent: "is not there",
  differs: "is there with other properties, and is used as it is",
  kept: "kept",
  refused: "refused",
};

export function answerText(answer: BrokerAnswer, look: Look): string {
  const head = look.paint("bold", answer.address);
  if (answer.reached === null) return `${head}\n  ${answer.remark}\n`;
  if (!answer.reached) return `${head}\n  ${look.paint("red", `out of reach: ${troubleText(answer.trouble)}`)}\n`;
  const width = Math.max(0, ...answer.objects.map(({ name }) => name.length));
  const lines = answer.objects.map((report) => {
    const detail = "detail" in report ? `: ${report.detail}` : "";
    return `  ${report.object.padEnd(8)}  ${report.name.padEnd(width)}  ${look.paint(styles[report.outcome], words[report.outcome])}${detail}`;
  });
  return `${head}\n${lines.map((line) => `${line}\n`).join("")}`;
}

/** 4: a broker is out of reach; 1: it refused something; else 0. */
export function statusOf(answers: readonly BrokerAnswer[], isFault: (report: ObjectReport) => boolean): number {
  if (answers.some(({ reached }) => reached === false)) return 4;
  return answers.some((answer) => answer.reached === true && answer.objects.some(isFault)) ? 1 : 0;
}
