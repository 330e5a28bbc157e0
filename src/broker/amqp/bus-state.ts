import type { BusState } from "../../flow/bus.ts";
import type { LinkState, LinkTrouble } from "./link-state.ts";

const troubles: Record<LinkTrouble["trouble"], string> = {
  unreachable: "it cannot be reached",
  lost: "the connection was lost",
  "closed-by-broker": "it closed the connection",
  "login-refused": "it refuses the login",
  "vhost-refused": "it refuses the vhost",
  "certificate-refused": "its certificate is not trusted",
  "no-credentials": "no password for it",
};

export function troubleText({ trouble, detail }: LinkTrouble): string {
  return `${troubles[trouble]} (${detail})`;
}

/** What hangs on a link: a publisher or a consumer. */
export type UserState = { state: "ready" | "preparing" | "closed" } | { state: "refused"; detail: string; untilMs: number };

/** How it stands for one who uses the link: what keeps the link comes first, then what keeps its user. */
export function busState(link: LinkState, user: UserState): BusState {
  if (user.state === "closed") return { state: "closed" };
  switch (link.state) {
    case "connecting":
      // While it is tried again, the reason is still the last one.
      return link.trouble === null
        ? { state: "connecting" }
        : { state: "waiting", reason: troubleText(link.trouble), untilMs: link.sinceMs };
    case "waiting":
      return { state: "waiting", reason: troubleText(link.trouble), untilMs: link.untilMs };
    case "ready":
      if (user.state === "refused") return { state: "waiting", reason: user.detail, untilMs: user.untilMs };
      return { state: user.state === "ready" ? "ready" : "connecting" };
    default:
      return link.state === "blocked" ? { state: "blocked", reason: link.reason } : { state: "closed" };
  }
}
