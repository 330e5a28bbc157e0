import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type AgentWords, importAgents, type ImportedAgents } from "../../importers/suprsync/import-agents.ts";
import { allAgents, oneAgent } from "../../importers/suprsync/choose-instances.ts";
import { type Instance, readSiteConfig } from "../../importers/suprsync/site-config.ts";
import { typed, type Word } from "../../importers/suprsync/words.ts";
import { formatRemark, Remarks } from "../../importers/remark.ts";
import { errnoOf, HotdirError, messageOf } from "../../kernel/errors.ts";
import { bytesOfText } from "../../kernel/path.ts";
import type { CliContext } from "../command.ts";
import { defaultSsh } from "../locations.ts";

/** Which site configuration is meant; the other words are the agent's. */
type Site = { file: string | null; site: string | null; host: string | null; instance: string | null; rest: string[] };

/** Words that choose the site configuration, and what they are: `--site-file` and `--site` are OCS's own. */
const siteWords = {
  "--site-config": "file",
  "--site-file": "file",
  "--site": "site",
  "--site-host": "host",
  "--instance-id": "instance",
} as const;

/** What `suprsync` and `import suprsync` take beside the agent's arguments. */
export const siteOptions = {
  "site-config": {
    type: "string",
    value: "FILE",
    says: "the OCS site configuration that has the agent's arguments; --site-file is the same",
  },
  site: { type: "string", value: "NAME", says: "$OCS_CONFIG_DIR/NAME.yaml is that file (default.yaml, where --archive-name is not given)" },
  "site-host": { type: "string", value: "HOST", says: "whose agents are meant (default: $SITE_HOST, this machine, localhost)" },
} as const;

/**
 * The agents as flows: one, unless `isMany` and a site configuration without --instance-id, which is all of its agents. Faults are in the
 * remarks, and then there is no document.
 */
export function givenAgents(
  words: readonly string[],
  { command, isMany }: { command: string; isMany: boolean },
  context: CliContext,
): ImportedAgents {
  const site = readSite(words, context);
  const file = siteFile(site, context);
  const remarks = new Remarks();
  return importAgents(file === null ? [alone(site)] : ofSite(file, site, isMany, remarks), {
    head: `Made by 'hotdir ${command}' of ${file ?? "its arguments"}: SupRsync's agent as a flow.`,
    machine: { homeDirectory: context.homeDirectory, workingDirectory: process.cwd() },
    ssh: defaultSsh(context),
    remarks: remarks.all,
  });
}

/** Each fault is a line; the exit status. */
export function refuseAgents({ remarks }: ImportedAgents, command: string, { stderr }: Pick<CliContext, "stderr">): number {
  const faults = remarks.filter(({ kind }) => kind === "error");
  for (const fault of faults) stderr.write(`hotdir ${command}: ${formatRemark(fault)}\n`);
  return 2;
}

function readSite(words: readonly string[], { env }: CliContext): Site {
  const site: Site = { file: null, site: null, host: env["SITE_HOST"] || null, instance: env["INSTANCE_ID"] || null, rest: [] };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, name = "", inline] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const key = Object.hasOwn(siteWords, name) ? siteWords[name as keyof typeof siteWords] : null;
    if (key === null) {
      site.rest.push(word);
      continue;
    }
    const value = inline ?? words[++at];
    if (value === undefined || value === "" || value.startsWith("--"))
      throw new HotdirError("bad-usage", { operation: "suprsync", detail: `${name} needs a value` });
    site[key] = value;
  }
  return site;
}

/** As OCS finds it; null: there is none, or the command line says all. */
function siteFile({ file, site, rest }: Site, { env }: CliContext): string | null {
  if (file !== null) return file;
  const directory = env["OCS_CONFIG_DIR"] || null;
  if (site === "none") return null;
  if (site !== null && directory === null)
    throw new HotdirError("bad-usage", {
      operation: "suprsync",
      detail: `--site ${site} is $OCS_CONFIG_DIR/${site}.yaml, and OCS_CONFIG_DIR is not set`,
    });
  const isWhole = rest.some((word) => /^--archive-name(=|$)/.test(word));
  return directory === null || (site === null && isWhole) ? null : join(directory, `${site ?? "default"}.yaml`);
}

function alone({ instance, rest }: Site): AgentWords {
  return { words: typed([...named(instance), ...rest]), about: "" };
}

function named(instance: string | null): string[] {
  return instance === null ? [] : [`--instance-id=${instance}`];
}

/** What the command line says counts more than what the file does. */
function ofSite(file: string, { host, instance, rest }: Site, isMany: boolean, remarks: Remarks): AgentWords[] {
  const site = readSiteConfig(readSiteFile(file), file, remarks);
  if (site === null || remarks.all.some(({ kind }) => kind === "error")) return [];
  const wanted = { instance, host, hostName: hostname() };
  const chosen = isMany && instance === null ? allAgents(site, wanted, remarks) : [oneAgent(site, wanted, remarks)];
  return chosen
    .filter((one) => one !== null)
    .map((one) => ({ words: [...ownWords(one), ...typed(rest)], about: `${one.id} of ${one.host}` }));
}

function ownWords({ id, words, at }: Instance): Word[] {
  return [...words, { text: `--instance-id=${id}`, at }];
}

function readSiteFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const detail = errnoOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new HotdirError("bad-usage", { operation: "read", path: bytesOfText(file), detail, cause: error });
  }
}
