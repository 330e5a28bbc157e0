import { nearest } from "../../config/nearest.ts";
import type { Remarks } from "../remark.ts";
import { AGENT_CLASS, type Instance, type SiteConfig } from "./site-config.ts";

/** What is wanted of a site configuration. `hostName`: this machine's; it counts where no host is named. */
export type Wanted = { instance: string | null; host: string | null; hostName: string };

/** All SupRsync agents of the host that is named, or of all hosts. With none there is an error in the remarks. */
export function allAgents(site: SiteConfig, { host }: Pick<Wanted, "host">, remarks: Remarks): Instance[] {
  if (host !== null && !knowsHost(site, host, remarks)) return [];
  const found = site.instances.filter((one) => one.agentClass === AGENT_CLASS && (host === null || one.host === host));
  if (found.length === 0)
    remarks.error({ file: site.file, line: 1 }, `there is no agent of the class ${AGENT_CLASS}${host === null ? "" : ` of ${host}`}`);
  return found;
}

/**
 * One agent, as OCS finds it: of the host that is named, else of this machine, else of `localhost`; by its name, or as the only one of its
 * class there. A name that one host alone has is found on any machine. null: why is in the remarks.
 */
export function oneAgent(site: SiteConfig, wanted: Wanted, remarks: Remarks): Instance | null {
  const place = { file: site.file, line: 1 };
  const host = [wanted.host ?? wanted.hostName, "localhost"].find((name) => site.hosts.includes(name));
  if (host === undefined && wanted.host !== null) {
    knowsHost(site, wanted.host, remarks);
    return null;
  }
  const here = site.instances.filter((one) => host === undefined || one.host === host);
  const candidates = here.filter((one) => (wanted.instance === null ? one.agentClass === AGENT_CLASS : one.id === wanted.instance));
  const [first, ...more] = candidates;
  if (first === undefined) {
    const where = host ?? "any host";
    if (wanted.instance === null) remarks.error(place, `there is no agent of the class ${AGENT_CLASS} of ${where}`);
    else
      remarks.error(
        place,
        `there is no agent ${JSON.stringify(wanted.instance)} of ${where}${known(here)}`,
        nearest(wanted.instance, ids(here)),
      );
    return null;
  }
  if (more.length > 0) {
    const several = wanted.instance === null ? ids(candidates).join(", ") : `on ${candidates.map((one) => one.host).join(" and ")}`;
    const choice = wanted.instance === null ? "--instance-id" : "--site-host";
    remarks.error(place, `several agents could be meant (${several}): name one with ${choice}`);
    return null;
  }
  if (first.agentClass !== null && first.agentClass !== AGENT_CLASS) {
    remarks.error(first.at, `${first.id} is an agent of the class ${first.agentClass}, not ${AGENT_CLASS}`);
    return null;
  }
  if (host === undefined)
    remarks.assumed(first.at, `this machine (${wanted.hostName}) is none of the hosts; ${first.id} is taken from ${first.host}`);
  return first;
}

function knowsHost(site: SiteConfig, host: string, remarks: Remarks): boolean {
  if (site.hosts.includes(host)) return true;
  remarks.error({ file: site.file, line: 1 }, `hosts: there is no ${host}; there are ${site.hosts.join(", ")}`, nearest(host, site.hosts));
  return false;
}

function ids(instances: readonly Instance[]): string[] {
  return instances.filter((one) => one.agentClass === AGENT_CLASS).map(({ id }) => id);
}

function known(instances: readonly Instance[]): string {
  const names = ids(instances);
  return names.length === 0 ? "" : `; ${AGENT_CLASS} has ${names.join(", ")}`;
}
