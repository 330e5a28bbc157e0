import * as z from "zod";
import { type AlertConditions, type FlowSettings, noAlerts } from "../flow/settings.ts";
import type { AlertSettings, DaemonSettings } from "./daemon-settings.ts";
import { command, duration, textField } from "./fields.ts";
import { checkPath, type LocalBase, resolveArgument, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import type { RuleFault } from "./rules.ts";
import { section } from "./section.ts";
import type { Partially } from "./shape.ts";
import { parseDuration } from "./units.ts";

/** null: never. */
function parseThreshold(text: string): Parsed<number | null> {
  if (text === "off") return good(null);
  const parsed = parseDuration(text);
  if (!parsed.ok) return parsed;
  return parsed.value >= 1000 ? parsed : bad("less than a second is no trouble yet", "1s");
}

const threshold = (): z.ZodType<number | null, string> =>
  textField({
    title: "duration, or off",
    pattern: String.raw`^(off|\d+(\.\d+)? ?(ms|s|m|h|d|w))$`,
    examples: ["10m", "1h", "off"],
    parse: parseThreshold,
  });

const keys = {
  waiting_above: threshold().describe("A flow is `waiting` (its destination is out of reach, or refuses) for longer than this."),
  halted: z.boolean().describe("A flow is `halted`: it does nothing until a person looks."),
  freshness_above: threshold().describe("The oldest change that is not yet true at the destination is older than this."),
  dead_letter: z.boolean().describe("There are dead letters, or more of them."),
  low_space: z.boolean().describe("The destination has less free space than `keep_free` wants."),
};

/** Never repeated in a message: whoever knows the address may post there. */
function parseWebhook(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return bad("a webhook is an http: or https: address");
  if (url.username !== "" || url.password !== "")
    return bad("a password in the address would be easy to read: use url_file, or headers_file with an Authorization line");
  return good(url.href);
}

const file = (): z.ZodType<string, string> => textField({ title: "path", examples: ["~/.config/hotdir/webhook"], parse: checkPath });

const webhook = z
  .union([
    textField({ title: "URL", examples: ["https://alerts.example.org/hotdir"], parse: parseWebhook }),
    z.strictObject({
      url: textField({ title: "URL", examples: ["https://alerts.example.org/hotdir"], parse: parseWebhook })
        .optional()
        .describe("The address."),
      url_file: file()
        .optional()
        .describe("A file that holds the address, where that is a secret. Only its owner may read it (mode 0600)."),
      headers_file: file()
        .optional()
        .describe(
          "A file with headers to send, one `Name: value` a line: `Authorization: Bearer ...`. Only its owner may read it (mode 0600).",
        ),
    }),
  ])
  .optional()
  .meta({ title: "URL, or {url, url_file, headers_file}" })
  .describe("JSON is posted to this address.");

const schema = z
  .strictObject({
    command: command
      .optional()
      .describe(
        "A command that is run for each message: JSON on its standard input, one line in the environment's `HOTDIR_ALERT`. No shell sees it.",
      ),
    webhook,
    on: z
      .strictObject({
        waiting_above: keys.waiting_above.prefault("10m"),
        halted: keys.halted.prefault(true),
        freshness_above: keys.freshness_above.prefault("1h"),
        dead_letter: keys.dead_letter.prefault(true),
        low_space: keys.low_space.prefault(true),
      })
      .prefault({})
      .describe("What is worth a message. A flow may have its own: `flows.NAME.alerts`."),
    group: duration({ minMs: 100, maxMs: 3_600_000 })
      .prefault("30s")
      .describe(
        "What happens within so long is told in one message. What comes and goes is told again after 20 times as long at the earliest.",
      ),
    repeat: duration({ minMs: 60_000 }).prefault("24h").describe("What lasts is told again after so long."),
  })
  .prefault({})
  .describe("Messages to people, by a command, a webhook or both. Without either nobody is told.");

type AlertsValue = z.output<typeof schema>;

/** At the top of the file. */
export const alerts = section({
  schema,
  settings: (value, { base }): Pick<DaemonSettings, "alerts"> => ({
    alerts: {
      command: value.command === undefined ? null : value.command.map((argument) => resolveArgument(argument, base)),
      webhook: webhookOf(value.webhook, base),
      on: {
        waitingAboveMs: value.on.waiting_above,
        halted: value.on.halted,
        freshnessAboveMs: value.on.freshness_above,
        deadLetter: value.on.dead_letter,
        lowSpace: value.on.low_space,
      },
      groupMs: value.group,
      repeatMs: value.repeat,
    },
  }),
});

function webhookOf(value: AlertsValue["webhook"], base: LocalBase): AlertSettings["webhook"] {
  if (value === undefined) return null;
  if (typeof value === "string") return { url: { kind: "written", url: value }, headersFile: null };
  const headersFile = value.headers_file === undefined ? null : resolvePath(value.headers_file, base);
  // A rule has seen to it that one of the two is there.
  if (value.url_file !== undefined) return { url: { kind: "file", path: resolvePath(value.url_file, base) }, headersFile };
  return value.url === undefined ? null : { url: { kind: "written", url: value.url }, headersFile };
}

export function webhookIsOne(value: Partially<AlertsValue> | undefined): RuleFault[] {
  const webhookValue = value?.webhook;
  if (typeof webhookValue !== "object") return [];
  if (webhookValue.url !== undefined && webhookValue.url_file !== undefined)
    return [{ path: ["alerts", "webhook", "url_file"], about: "key", message: "a webhook has either url or url_file, not both" }];
  return webhookValue.url === undefined && webhookValue.url_file === undefined
    ? [{ path: ["alerts", "webhook"], message: "a webhook needs a url (or a url_file)" }]
    : [];
}

const flowSchema = z
  .union([
    z.literal("off"),
    z.strictObject({
      waiting_above: keys.waiting_above.optional(),
      halted: keys.halted.optional(),
      freshness_above: keys.freshness_above.optional(),
      dead_letter: keys.dead_letter.optional(),
      low_space: keys.low_space.optional(),
    }),
  ])
  .optional()
  .meta({ title: "off, or as in `alerts.on`" })
  .describe("What is worth a message of this flow, in place of `alerts.on`. `off`: nothing.");

/** Of one flow: only what is written differs from the whole's. */
export const flowAlerts = section({
  schema: flowSchema,
  settings: (value): Pick<FlowSettings, "alerts"> => ({ alerts: value === "off" ? noAlerts : overrides(value ?? {}) }),
});

function overrides(value: Exclude<z.output<typeof flowSchema>, "off" | undefined>): Partial<AlertConditions> {
  return {
    ...(value.waiting_above === undefined ? {} : { waitingAboveMs: value.waiting_above }),
    ...(value.halted === undefined ? {} : { halted: value.halted }),
    ...(value.freshness_above === undefined ? {} : { freshnessAboveMs: value.freshness_above }),
    ...(value.dead_letter === undefined ? {} : { deadLetter: value.dead_letter }),
    ...(value.low_space === undefined ? {} : { lowSpace: value.low_space }),
  };
}
