import type { CompletionSettings } from "../flow/settings.ts";
import { show } from "../kernel/path.ts";
import { defaultCredentials } from "./broker.ts";
import { defaultVerify } from "./destination.ts";
import type { FlowValue } from "./flow.ts";
import { originOf, type PublishValue } from "./publish.ts";
import type { SectionContext } from "./section.ts";
import { flowSettings } from "./flow.ts";

/** A default that depends on other values, as it would be written. */
export type ComputedDefault = { path: string[]; value: string };

/** Of a flow without faults. What is written comes by another way, and wins. */
export function computedDefaults(name: string, flow: FlowValue, context: SectionContext): ComputedDefault[] {
  const settings = flowSettings(name, flow, context);
  const { source, destination, announce } = settings;
  const ssh = `[${context.defaultSsh.join(", ")}]`;
  const credentials = show(defaultCredentials(context.base));
  const publication = (path: string[], value: PublishValue | undefined, base: string | null): ComputedDefault[] =>
    value === undefined
      ? []
      : [
          { path: [...path, "credentials"], value: credentials },
          { path: [...path, "base_url"], value: base ?? "that of the message" },
          { path: [...path, "source"], value: value.broker.address.user ?? "the user of the credentials" },
        ];
  return [
    { path: ["destination", "verify"], value: defaultVerify(destination.place.kind, source) },
    { path: ["destination", "ssh"], value: ssh },
    ...(source.kind === "subscribed"
      ? [
          { path: ["source", "ssh"], value: ssh },
          { path: ["source", "settle"], value: "0s" },
          { path: ["source", "subscribe", "credentials"], value: credentials },
          { path: ["source", "subscribe", "queue"], value: source.subscription.queue },
          { path: ["source", "subscribe", "prefetch"], value: String(source.subscription.prefetch) },
        ]
      : []),
    ...publication(["destination", "publish"], flow.destination.publish, originOf(source).baseUrl),
    ...manifestDefaults(settings.completion),
    ...publication(["announce"], flow.announce, announce?.baseUrl ?? null),
  ];
}

function manifestDefaults(completion: CompletionSettings | null): ComputedDefault[] {
  if (completion === null) return [];
  const { path, archive } = completion.manifest;
  const at = (key: string, value: string): ComputedDefault => ({ path: ["completion", "manifest", key], value });
  return [at("path", path), at("archive", archive), at("directory", "below the state directory")];
}
