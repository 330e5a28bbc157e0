import { holdsAddress } from "../../daemon/vip.ts";
import { closedReason } from "../../flow/opening-hours.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { type Finding, good, note } from "./finding.ts";

/** Whether the flow would send now: by the address that this host holds, and by its hours. */
export function probeTurn({ vip, schedule }: FlowSettings, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  if (vip !== null)
    findings.push(
      holdsAddress(vip)
        ? good(`this host holds ${vip}: the flow is active here`)
        : note(
            `this host does not hold ${vip}: the flow is passive here`,
            "'ip address' shows what this host holds; the flow takes over when it gets the address",
          ),
    );
  const closed = closedReason(schedule, nowMs);
  if (closed !== null) findings.push(note(closed));
  return findings;
}
