import { dirname, resolve } from "node:path";
import type { FlowSettings } from "../flow/settings.ts";
import { type AbsPath, absPath, bytesOfText } from "../kernel/path.ts";
import type { DaemonSettings } from "./daemon-settings.ts";
import { queuesAreApart } from "./broker-rules.ts";
import { computedDefaults } from "./computed-defaults.ts";
import { daemonRules, daemonSettings, type DaemonValue } from "./daemon.ts";
import { readDocument } from "./document.ts";
import { type Fault, type FaultDraft, formatPath, type Path, placeFaults, type Position } from "./fault.ts";
import { flowSettings, type FlowValue } from "./flow.ts";
import { emptyMap, kindOf, type Located, type LocatedMap, nodeAt, positionOf } from "./located.ts";
import { removalsAreApart } from "./removal-rules.ts";
import { applyRules } from "./rules.ts";
import { configurationSchema, EXTENSION_PREFIX } from "./schema.ts";
import type { SectionContext } from "./section.ts";
import { checkShape } from "./shape.ts";
import { type Environment, readVariables } from "./variables.ts";
import { keysWithoutEffect } from "./without-effect.ts";

export type LoadOptions = { env: Environment; homeDirectory: string; defaultSsh: string[] };

/** `value`: as it is written, without variables filled in. `from`: `hotdir.yaml:7`, or `default`. */
export type Origin = { value: string; from: string };

export type Configuration = {
  file: string;
  flows: FlowSettings[];
  daemon: DaemonSettings;
  /** By path: `flows.to_hpfx.destination.lanes`. */
  origins: ReadonlyMap<string, Origin>;
};

export type Loaded = { ok: true; configuration: Configuration } | { ok: false; faults: Fault[] };

/** Reads a configuration from its text. `fileName` is what faults show, and where relative paths begin. Never throws. */
export function parseConfiguration(text: string, fileName: string, options: LoadOptions): Loaded {
  const drafts: FaultDraft[] = [];
  const origins = new Map<string, Origin>();
  const home = absPath(bytesOfText(options.homeDirectory));
  const base = {
    homeDirectory: home,
    configurationDirectory: bytesOfText(resolve(dirname(fileName))) as AbsPath,
    settingsDirectory: absPath(bytesOfText(options.env["XDG_CONFIG_HOME"] || ".config"), home),
  };
  const read = readAll(text.replace(/^\ufeff/, ""), { base, defaultSsh: options.defaultSsh }, options.env, {
    report: (draft) => void drafts.push(draft),
    origin: (path, value, at) => void origins.set(formatPath(path), { value, from: at === null ? "default" : `${fileName}:${at.line}` }),
    forget: (path) => void origins.delete(formatPath(path)),
  });
  if (read === null) return { ok: false, faults: placeFaults(drafts, fileName, text.replace(/^\ufeff/, "").split(/\r?\n/)) };
  return { ok: true, configuration: { file: fileName, ...read, origins } };
}

type Listener = {
  report: (draft: FaultDraft) => void;
  origin: (path: Path, value: string, at: Position | null) => void;
  /** What was told of the path is of no interest. */
  forget: (path: Path) => void;
};

/** null: there are faults, which were reported. */
function readAll(
  text: string,
  context: SectionContext,
  env: Environment,
  listener: Listener,
): { flows: FlowSettings[]; daemon: DaemonSettings } | null {
  let faults = 0;
  const report = (draft: FaultDraft): void => {
    faults++;
    listener.report(draft);
  };
  const root = readDocument(text, report);
  if (root === null || root.kind === "refused") return null;
  if (root.kind !== "map") {
    report({ at: root.at, path: [], message: `expected a map of vars and flows, found ${kindOf(root)}` });
    return null;
  }
  const expand = readVariables(root.entries.get("vars")?.node, env, report);
  const checked = checkShape(configurationSchema, withoutRead(root), [], { expand, report, origin: listener.origin });
  const flowsNode = root.entries.get("flows")?.node;
  if (flowsNode?.kind === "map" && flowsNode.entries.size === 0) report({ at: flowsNode.at, path: ["flows"], message: "there is no flow" });
  for (const [name, flow] of Object.entries(checked?.flows ?? {})) {
    const node = flowsNode === undefined ? undefined : nodeAt(flowsNode, [name]);
    if (flow === undefined || node === undefined) continue;
    for (const fault of applyRules({ flow, written: (...path) => nodeAt(node, path) !== undefined, context })) {
      report({
        ...fault,
        at: positionOf(root, ["flows", name, ...fault.path], fault.about ?? "value"),
        path: ["flows", name, ...fault.path],
      });
    }
  }
  for (const fault of [
    ...queuesAreApart(checked?.flows ?? {}),
    ...removalsAreApart(checked?.flows ?? {}, context),
    ...daemonRules(checked ?? {}),
  ])
    report({ ...fault, at: positionOf(root, fault.path, fault.about ?? "value") });
  if (faults > 0) return null;
  // No fault was reported, so that nothing was left out.
  const whole = (checked ?? { flows: {} }) as DaemonValue & { flows: Record<string, FlowValue> };
  for (const [name, flow] of Object.entries(whole.flows)) {
    const written = (...path: string[]): boolean => nodeAt(root, ["flows", name, ...path]) !== undefined;
    for (const { path, value } of computedDefaults(name, flow, context))
      if (!written(...path)) listener.origin(["flows", name, ...path], value, null);
    for (const { path } of keysWithoutEffect(written)) listener.forget(["flows", name, ...path]);
  }
  return {
    flows: Object.entries(whole.flows).map(([name, flow]) => flowSettings(name, flow, context)),
    daemon: daemonSettings(whole, context),
  };
}

/** The variables were read before, and extensions are nobody's. */
function withoutRead(root: LocatedMap): Located {
  const entries = [...root.entries].filter(([key]) => key !== "vars" && !key.startsWith(EXTENSION_PREFIX));
  return { ...emptyMap(root.at), entries: new Map(entries) };
}
