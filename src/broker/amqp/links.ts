import type { BrokerSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { assert } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { textOf } from "../../kernel/path.ts";
import { readAddress, showAddress } from "./address.ts";
import { readCredentials } from "./credentials.ts";
import { troubleText } from "./bus-state.ts";
import { Link, linkDefaults } from "./link.ts";
import { asksForAPerson, type LinkState } from "./link-state.ts";

/** What a connection is for: a broker that is short of something takes nothing from whoever publishes, acknowledgements included. */
export type Role = "publish" | "consume";

export type HeldLink = { link: Link; [Symbol.asyncDispose](): Promise<void> };

type Shared = { link: Link; holders: number };

/** One connection for each broker, account and role, shared by all flows; it goes with the last who holds it. */
export class Links implements AsyncDisposable {
  readonly #parts: { clock: Clock; log: Log; backoff: Backoff };
  readonly #shared = new Map<string, Shared>();

  constructor(parts: { clock: Clock; log: Log; backoff: Backoff }) {
    this.#parts = parts;
  }

  hold(broker: BrokerSettings, role: Role): HeldLink {
    const read = readAddress(broker.url);
    assert(read.ok, "the configuration lets no broker's address through that is none");
    const key = JSON.stringify([role, broker.url, broker.credentialsFile, broker.caFile]);
    const shared = this.#shared.get(key) ?? this.#open(broker, role, showAddress(read.address));
    this.#shared.set(key, shared);
    shared.holders += 1;
    let held = true;
    return {
      link: shared.link,
      [Symbol.asyncDispose]: async () => {
        if (!held) return;
        held = false;
        shared.holders -= 1;
        if (shared.holders > 0) return;
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
        await shared.link[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const shared = [...this.#shared.values()];
    this.#shared.clear();
    await Promise.all(shared.map(({ link }) => link[Symbol.asyncDispose]()));
  }

  #open(broker: BrokerSettings, role: Role, shown: string): Shared {
    const { clock, log, backoff } = this.#parts;
    const link = linkTo(broker, { clock, backoff, name: `hotdir ${role === "publish" ? "publishes" : "consumes"}` });
    tellStates(link, shown, role, log);
    return { link, holders: 0 };
  }
}

/** A connection as the settings say; its owner closes it. */
export function linkTo(broker: BrokerSettings, parts: { clock: Clock; backoff: Backoff; name: string }): Link {
  const read = readAddress(broker.url);
  assert(read.ok, "the configuration lets no broker's address through that is none");
  const { address } = read;
  const caFile = broker.caFile === null ? null : textOf(broker.caFile);
  const credentials = async (): ReturnType<typeof readCredentials> => readCredentials(broker.credentialsFile, address);
  return new Link({ ...linkDefaults, ...parts, address, caFile, credentials });
}

/** One line for an outage, however long it lasts, and one more when it turns out to ask for a person; the tries in between are for those who debug. */
function tellStates(link: Link, shown: string, role: Role, log: Log): void {
  // Flows that publish tell of it themselves, by name.
  const tell = (level: "info" | "warn", text: string): void => (role === "consume" ? log[level](text) : log.debug(text));
  let known: "outage" | "asks" | null = null;
  link.onState((state) => {
    if (state.state === "ready") {
      if (known !== null) tell("info", `the broker ${shown} is there again, and messages are taken`);
      else log.debug(`connected to the broker ${shown} (${state.server})`);
      known = null;
    }
    if (state.state !== "waiting" && state.state !== "blocked") return;
    const text = `waiting for the broker ${shown}: ${reasonOf(state)}`;
    const now = state.state === "waiting" && asksForAPerson(state.trouble) ? "asks" : "outage";
    if (known === now || known === "asks") log.debug(text);
    else tell("warn", `${text}; it is tried again, nothing is lost`);
    known = now;
  });
}

function reasonOf(state: LinkState): string {
  if (state.state === "waiting") return troubleText(state.trouble);
  return state.state === "blocked" ? `it takes nothing for now (${state.reason})` : state.state;
}
