import { isIP } from "node:net";
import type { FlowSettings } from "../flow/settings.ts";
import { textField } from "./fields.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import { section } from "./section.ts";

function parseAddress(text: string): Parsed<string> {
  return isIP(text) === 0 ? bad("expected an IPv4 or IPv6 address, as 'ip address' shows it, without a prefix length") : good(text);
}

export const vip = section({
  schema: textField({ title: "address", pattern: "^[0-9A-Fa-f.:]+$", examples: ["10.1.2.3", "2001:db8::7"], parse: parseAddress })
    .optional()
    .describe(
      "High availability: the flow is active only while this host holds the address (keepalived and the like move it between hosts); elsewhere it is passive.",
    ),
  settings: (value): Pick<FlowSettings, "vip"> => ({ vip: value ?? null }),
});
