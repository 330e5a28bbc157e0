import { type BrokerAddress, showAddress } from "../../broker/amqp/address.ts";
import { openMqtt } from "../../broker/mqtt/open.ts";
import type { BusState } from "../../flow/bus.ts";
import type { PublishSettings } from "../../flow/settings.ts";
import { systemClock } from "../../kernel/clock.ts";
import { silentLog } from "../../kernel/log.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { BrokerCheck, BrokerProbe } from "./broker.ts";
import { good, problem } from "./finding.ts";
import { shellText, shellWord } from "./shell-word.ts";

const CONNECT_MS_MAX = 15_000;

/** Connects, and asks nothing: a broker for MQTT tells what it refuses when it is used. */
export async function probeMqtt({ use, signal }: BrokerProbe, address: BrokerAddress): Promise<BrokerCheck> {
  const { broker } = use.settings;
  await using bus = openMqtt({ clock: systemClock(), log: silentLog, host: "check" });
  const nothing: PublishSettings = {
    broker,
    exchange: use.settings.exchange,
    split: 1,
    topicPrefix: [],
    declare: false,
    baseUrl: null,
    pathPrefix: "" as Bytes,
    source: null,
    headers: {},
    inlineMaxBytes: 0,
  };
  await using announcer = bus.announcer(nothing, "check");
  const settled = Promise.withResolvers<BusState>();
  const look = (): void => {
    const { state } = announcer;
    if (state.state === "ready" || state.state === "waiting") settled.resolve(state);
  };
  announcer.onState(look);
  look();
  const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS_MAX)]);
  late.addEventListener("abort", () => settled.resolve(announcer.state), { once: true });
  const state = await settled.promise;
  const shown = showAddress(address);
  if (state.state === "ready") return { findings: [good(`logged in to the broker ${shown}`)], unreachable: false };
  const reason = "reason" in state ? state.reason : `no answer within ${CONNECT_MS_MAX / 1000} s`;
  const fix = `does the broker run, and is the line for it in ${shellWord(broker.credentialsFile)} right? 'nc -vz ${shellText(address.host)} ${address.port}' must say that it is open`;
  return { findings: [problem(`the broker ${shown}: ${reason}`, fix)], unreachable: true };
}
