import * as z from "zod";
import type { DaemonSettings, PageSettings } from "./daemon-settings.ts";
import type { RuleFault } from "./rules.ts";
import { textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import { section } from "./section.ts";
import type { Partially } from "./shape.ts";

type Listen = { kind: "tcp"; host: string; port: number } | { kind: "unix"; path: string };

const DEFAULT = "127.0.0.1:8642";

function parseListen(text: string): Parsed<Listen> {
  if (text.startsWith("unix:")) {
    const path = checkPath(text.slice("unix:".length));
    return path.ok ? good({ kind: "unix", path: path.value }) : path;
  }
  const match = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.["v6"] ?? match?.groups?.["host"];
  const port = Number(match?.groups?.["port"]);
  if (host === undefined) return bad("expected ADDRESS:PORT or unix:PATH", DEFAULT);
  return port >= 1 && port <= 65_535 ? good({ kind: "tcp", host, port }) : bad("a port is 1 to 65535", DEFAULT);
}

function parseHost(text: string): Parsed<string> {
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)
    ? good(text)
    : bad("expected a host name in lower case, without scheme and port");
}

const schema = z
  .union([
    z.literal("off"),
    z.strictObject({
      listen: textField({
        title: "ADDRESS:PORT or unix:PATH",
        pattern: "^(unix:.+|[^/]+:[0-9]+)$",
        examples: [DEFAULT, "[::1]:8642", "unix:~/.local/state/hotdir/page.sock"],
        parse: parseListen,
      })
        .prefault(DEFAULT)
        .describe("Where the page is served. Is the port taken, the next free one of ten. A UNIX socket (mode 0600) asks for no token."),
      public: z
        .boolean()
        .prefault(false)
        .describe("Needed for an address that others can reach. The page speaks no TLS: a token would cross the network readable."),
      hosts: z
        .array(textField({ title: "host name", examples: ["hotdir.example.org"], parse: parseHost }))
        .max(16)
        .prefault([])
        .describe("The names, beside localhost, by which browsers may ask: that of a reverse proxy, say."),
    }),
  ])
  .prefault({})
  .meta({ title: "off, or {listen, public, hosts}" })
  .describe("The page: how every flow stands, in a browser. `off`: none.");

type PageValue = z.output<typeof schema>;

export const page = section({
  schema,
  settings: (value, { base }): Pick<DaemonSettings, "page"> => ({ page: settingsOf(value, base) }),
});

function settingsOf(value: PageValue, base: LocalBase): PageSettings {
  if (value === "off") return { kind: "off" };
  const { listen, hosts } = value;
  return listen.kind === "unix" ? { kind: "unix", path: resolvePath(listen.path, base), hosts } : { ...listen, hosts };
}

/** Who reaches the page with a token may do what the token allows, and the token would be there for all to read. */
export function pageIsPrivate(value: Partially<PageValue> | undefined): RuleFault[] {
  if (typeof value !== "object" || value.listen?.kind !== "tcp" || value.public === true || isLoopback(value.listen.host)) return [];
  return [
    {
      path: ["page", "listen"],
      message: `${value.listen.host} can be reached from other machines, and the page speaks no TLS: listen on 127.0.0.1 behind a reverse proxy or 'ssh -L', or write public: true`,
      suggestion: `127.0.0.1:${value.listen.port}`,
    },
  ];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
