import { readAddress, showAddress } from "../../broker/amqp/address.ts";
import { brokerUsesOf } from "../../daemon/broker-uses.ts";
import { type Guarantee, guaranteeOf, movesFiles } from "../../flow/guarantee.ts";
import type { FlowSettings, SourceSettings } from "../../flow/settings.ts";
import type { ErrorCode } from "../../kernel/error-codes.ts";
import { show } from "../../kernel/path.ts";
import type { BrokerCheck } from "./broker.ts";
import { probeCommands } from "./commands.ts";
import { probeDestination } from "./destination.ts";
import { type Finding, good } from "./finding.ts";
import { probeSource, readable } from "./source.ts";
import { probeTable } from "./table.ts";
import type { Written } from "./written.ts";

export type EndCheck = { findings: Finding[]; unreachable: ErrorCode | null };

/** Where changes come from: a directory, or the messages of a broker and where their files are. */
export async function probeNear(settings: FlowSettings, written: Written, signal: AbortSignal): Promise<EndCheck> {
  const { source } = settings;
  if (source.kind === "table") return { findings: probeTable(source), unreachable: null };
  if (source.kind !== "subscribed") return { findings: await probeSource(settings, written), unreachable: null };
  const broker = await probeUse(settings, "subscribe", written, signal);
  if (source.base === "url") return broker;
  const refused = readable(source.root, written);
  return {
    ...broker,
    findings: [...broker.findings, refused ?? good(`${show(source.root)}, where the files of file: URLs are, is readable`)],
  };
}

/** Where they are made true, or told. */
export async function probeFar(
  settings: FlowSettings,
  written: Written,
  signal: AbortSignal,
): Promise<EndCheck & { guarantee: Guarantee }> {
  const { place } = settings.destination;
  if (place.kind === "commands") return await probeCommands(settings, place, written, signal);
  if (movesFiles(settings)) return await probeDestination(settings, written, signal);
  const guarantee = guaranteeOf(settings);
  if (place.kind === "publish") return { ...(await probeUse(settings, "publish", written, signal)), guarantee };
  const findings =
    place.kind === "remove" ? [readable(place.directory, written) ?? good(`${show(place.directory)} is there and readable`)] : [];
  return { findings, guarantee, unreachable: null };
}

/** Who is told of deliveries. */
export async function probeTold(settings: FlowSettings, written: Written, signal: AbortSignal): Promise<EndCheck> {
  return await probeUse(settings, "announce", written, signal);
}

async function probeUse(
  settings: FlowSettings,
  role: "subscribe" | "publish" | "announce",
  written: Written,
  signal: AbortSignal,
): Promise<EndCheck> {
  const use = brokerUsesOf(settings).find((one) => one.role === role);
  if (use === undefined) return { findings: [], unreachable: null };
  // A flow without a broker has no use for what speaks to one.
  const { probeBroker } = await import("./broker.ts");
  const { findings, unreachable }: BrokerCheck = await probeBroker({ flow: settings.name, use, written, signal });
  return { findings, unreachable: unreachable ? "unreachable" : null };
}

/** For people. */
export function describeSource(source: SourceSettings): string {
  if (source.kind === "table") return `table ${source.table} of ${show(source.database)}`;
  if (source.kind !== "subscribed") return show(source.root);
  const { broker, exchange } = source.subscription;
  const read = readAddress(broker.url);
  return `messages of ${read.ok ? showAddress(read.address) : broker.url} ${exchange}`;
}
