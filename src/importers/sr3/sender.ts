import type { Remarks } from "../remark.ts";
import { type BrokerUrl, parseBrokerUrl } from "./broker-url.ts";
import { expandHome } from "./place-in-tree.ts";
import { clean, presetExchange } from "./poster.ts";
import type { Binding, Configuration } from "./reader.ts";

/** Where a sender connects to. */
export type Remote = { user: string | null; host: string; port: number | null; hasPassword: boolean };

/** A configuration that sends what is announced. */
export type Sender = {
  configuration: Configuration;
  broker: BrokerUrl | null;
  /** At least one. */
  bindings: Array<Binding & { exchange: string }>;
  remote: Remote;
  /** Where it looks for the files; null: at the root. */
  baseDir: string | null;
  /** Where files go for which no `directory` is given. */
  postBaseDir: string | null;
};

/** null: nothing that could be fused; why is in the remarks. */
export function senderOf(configuration: Configuration, homeDirectory: string, remarks: Remarks): Sender | null {
  const { effective } = configuration;
  const remote = remoteOf(configuration, remarks);
  const broker = parseBrokerUrl(effective.text("broker") ?? "");
  const bindings = bindingsOf(configuration, broker, remarks);
  if (remote === null || bindings.length === 0) return null;
  const path = (option: string): string | null => {
    const text = effective.text(option);
    return text === null ? null : clean(expandHome(text, homeDirectory));
  };
  return { configuration, broker, bindings, remote, baseDir: path("baseDir"), postBaseDir: path("post_baseDir") };
}

/** What its queue is bound to; none: what is missing is in the remarks. */
export function bindingsOf(configuration: Configuration, broker: BrokerUrl | null, remarks: Remarks): Sender["bindings"] {
  const { effective, component, file } = configuration;
  const preset = broker === null ? null : presetExchange(broker, effective.text("exchangeSuffix"));
  const last = effective.isWritten("exchange") ? effective.text("exchange") : null;
  const written = configuration.bindings.length > 0 ? configuration.bindings : [{ exchange: last, subtopic: "#", at: null }];
  const bindings = written.flatMap((binding) => {
    const exchange = binding.exchange ?? preset;
    return exchange === null ? [] : [{ ...binding, exchange }];
  });
  const [first] = configuration.bindings;
  if (first !== undefined && first.exchange === null && last !== null)
    remarks.error(first.at, `subtopic: exchange stands below it, so that sr3 binds it to ${preset ?? "no exchange"}`);
  if (bindings.length === 0) remarks.error({ file, line: 1 }, `${component} needs broker, and exchange or a user in broker`);
  return bindings;
}

function remoteOf({ effective, file }: Configuration, remarks: Remarks): Remote | null {
  const at = effective.at("sendTo");
  const url = effective.text("sendTo");
  if (url === null) {
    remarks.error({ file, line: 1 }, "sender needs sendTo");
    return null;
  }
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/(?:(.*)@)?(\[[^\]]*\]|[^/:@]*)(?::(\d+))?(\/.*)?)?$/i.exec(url);
  const [, scheme = "", login, host = "", port, path] = match ?? [];
  if (match === null || !["sftp", "scp", "ssh", "fish"].includes(scheme.toLowerCase()) || host === "") {
    const offered = ["ftp", "ftps", "s3", "azure", "azblob", "http", "https"].includes(scheme.toLowerCase());
    remarks.error(
      at,
      offered
        ? `sendTo: ${scheme.toLowerCase()} is not offered: a flow goes over SSH, or to a directory`
        : "sendTo: an address such as sftp://host is wanted",
    );
    return null;
  }
  if (path !== undefined && path !== "/")
    remarks.note(at, `sendTo: sr3 does not use what follows the host (${path}): directory and post_baseDir say where files go`);
  const colon = login?.indexOf(":") ?? -1;
  return {
    user: login === undefined || login === "" ? null : colon < 0 ? login : login.slice(0, colon),
    host,
    port: port === undefined ? null : Number(port),
    hasPassword: colon >= 0,
  };
}
