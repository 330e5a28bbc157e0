import { parseArgs } from "node:util";
import { formatName } from "../../importers/sr3/configuration-file.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { type Command, commonOptions, type CliContext } from "../command.ts";
import { loadCommand } from "../commands.ts";
import { misused } from "./arguments.ts";
import { placesOf } from "./places.ts";
import { flowsOf } from "./running.ts";
import type { Session } from "./session.ts";
import { readTranslation } from "./translation.ts";

/** `hotdir sr3 explain FILE`: the command as ever, on the flows that sr3's configurations are. */
export async function passOn(name: string, argv: readonly string[], context: CliContext, config: string | null = null): Promise<number> {
  const command = await loadCommand(name);
  if (command === null) throw new HotdirError("internal", { operation: `sr3 ${name}`, detail: "this hotdir has no such command" });
  const { yaml, state } = placesOf(context);
  return await runWith(command, ["--config", config ?? yaml, "--state-dir", state, ...argv], context);
}

async function runWith(command: Command, argv: string[], context: CliContext): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: { ...commonOptions, ...command.options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw misused(messageOf(error));
  }
  return await command.run(parsed, context);
}

/** The log, and what comes, until Ctrl-C. */
export async function log(session: Session): Promise<number> {
  const { words, context } = session;
  const flows = words.patterns.length === 0 ? [] : named(session);
  return await passOn("log", ["--follow", "--lines", words.options.get("lines") ?? "20", ...flows], context);
}

export async function declare(session: Session): Promise<number> {
  if (session.words.options.has("users"))
    throw misused("users and their rights are the broker's: 'rabbitmqctl add_user' and 'set_permissions' on its host");
  session.say("declare:");
  const names = session.chosen.filter((name) => !session.isDisabled(name));
  const { faulty, translation, file } = await session.takeAside(names);
  const flows = flowsOf(translation, names);
  if (flows.length === 0) return faulty.length > 0 ? 2 : 0;
  const status = await passOn("declare", flows, session.context, file);
  return status === 0 && faulty.length > 0 ? 2 : status;
}

/** What is at the broker. Receipts and history stay in the ledger: they are proofs. */
export async function cleanup(session: Session): Promise<number> {
  const names = session.chosen;
  const { options } = session.words;
  if (options.has("dry_run")) {
    session.say(`cleanup would do it with ${names.map(formatName).join(", ")}`);
    return 0;
  }
  if (names.length > 1 && options.get("dangerWillRobinson") !== String(names.length))
    throw misused(
      `cleanup of ${names.length} configurations (${names.map(formatName).join(", ")}) removes their queues: if that is meant, say --dangerWillRobinson=${names.length}`,
    );
  const { translation, file } = await session.takeAside(names);
  const flows = flowsOf(translation, names);
  if (flows.length === 0) {
    session.say("cleanup: nothing of it is at a broker");
    return 0;
  }
  // Whatever comes of it: what is published next must find its queue made anew.
  await session.forgetDeclared();
  return await passOn("cleanup", [...flows, ...(options.has("yes") ? ["--yes"] : [])], session.context, file);
}

function named(session: Session): string[] {
  const flows = flowsOf(readTranslation(session.places), session.chosen);
  if (flows.length > 0) return flows;
  throw misused(`${session.chosen.map(formatName).join(", ")} was never started: there is no log of it`);
}
