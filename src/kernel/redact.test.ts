import fc from "fast-check";
import { expect, test } from "vitest";
import { HotdirError } from "./errors.ts";
import { redact, redactFacts } from "./redact.ts";

/** What a secret may look like; long enough that it does not stand in the text around it by chance. */
const secret = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9_~+.-]{6,30}$/), fc.stringMatching(/^[A-Za-z0-9]{12}$/))
  .map(([middle, rest]) => `q${middle}${rest}Z9`);
const word = fc.constantFrom(
  "",
  "connect",
  "write hub:in/a.nc:",
  "(exit 255)",
  "→",
  "the host refuses",
  "key",
  "a=b",
  "\n",
  "https://x.org/p ",
  "user@host",
);

const plain = (text: string): string => text.replaceAll(/\W/g, "x");

const places: Array<[string, (secret: string) => string]> = [
  ["a password in an address", (s) => `sftp://me:${s}@cluster/in`],
  ["a password with an @ in it", (s) => `sftp://me:${s}@${s}@cluster/in`],
  ["a token for a user", (s) => `https://${s}@git.example.org/x.git`],
  ["a bearer token", (s) => `Authorization: Bearer ${s}`],
  ["a bearer token alone", (s) => `bearer ${s}`],
  ["basic authorization", (s) => `"authorization": "Basic ${s}"`],
  ["a cookie", (s) => `Set-Cookie: page=${s}; HttpOnly`],
  ["a query parameter", (s) => `https://alerts.example.org/hook?access_token=${s}&x=1`],
  ["an environment variable", (s) => `SSHPASS=x HOTDIR_API_KEY=${s} ssh hub`],
  ["a quoted value", (s) => `password = "${s} ${s}"`],
  ["JSON", (s) => JSON.stringify({ user: "me", client_secret: s })],
  ["a header of somebody's own", (s) => `X-Auth-Token: ${s}`],
  ["YAML", (s) => `passphrase: '${s}'`],
  ["a password on a command line", (s) => `sshpass -p '${s}' ssh hub`],
  ["a proxy's password", (s) => `ProxyCommand=nc --proxy-auth me:${s} hub 22`],
  ["a private key", (s) => `-----BEGIN OPENSSH PRIVATE KEY-----\n${s}\n${s}\n-----END OPENSSH PRIVATE KEY-----`],
  ["a private key that was cut off", (s) => `-----BEGIN RSA PRIVATE KEY-----\\n${s}`],
  ["a webhook of Slack's", (s) => `https://hooks.slack.com/services/T0/B0/${s}`],
  ["a JSON web token", (s) => `eyJ${plain(s)}.eyJ${plain(s)}.${plain(s)}`],
  ["a token of GitHub's", (s) => `ghp_${plain(s)}`],
];

test.each(places)("%s gets through nowhere, whatever stands around it", (_what, place) => {
  fc.assert(
    fc.property(word, secret, word, (before, hidden, after) => {
      const written = place(hidden);
      const core = written.includes(hidden) ? hidden : plain(hidden);
      for (const text of [`${before} ${written} ${after}`, written, `${written}\n${after}`]) {
        expect(redact(text)).not.toContain(core);
        expect(redact(redact(text))).toBe(redact(text));
        expect(new HotdirError("unreachable", { operation: "connect", detail: text }).message).not.toContain(core);
        expect(JSON.stringify(redactFacts({ detail: text, list: [{ inner: text }], error: new Error(text) }))).not.toContain(core);
      }
    }),
  );
});

test("a fact is hidden by its name, however deep, and what is no text stays what it is", () => {
  expect(redactFacts({ token: "x", inner: { apiKey: "y", sum: 3 }, files: 5, big: 7n, none: null })).toEqual({
    token: "***",
    inner: { apiKey: "***", sum: 3 },
    files: 5,
    big: "7",
    none: null,
  });
});

test("what is no secret stays as it is", () => {
  const harmless = [
    "write hub:in/a.nc: the connection was lost (ssh exit 255: Broken pipe)",
    "/data/run → sftp://me@hub:2222/data/in",
    "token: the source file is no longer there; retrying in 2.0 s (attempt 2 of 10)",
    "delivered key.nc, 6 B in 0.1 s, sha256 8a2bb065b97f7dcc…",
    "http://127.0.0.1:8642/metrics",
    'Load key "/home/me/.ssh/id_ed25519": invalid format',
    "basic tests of a bearer",
    "me@hub: Permission denied (publickey,password).",
  ];
  for (const text of harmless) expect(redact(text)).toBe(text);
});

test("a file's name is no secret, whatever it is called", () => {
  const facts = { path: "token=5.nc", to: "sftp://hub/in/token=5.nc" };
  expect(redactFacts(facts)).toBe(facts);
});

test("a long text takes no long time", () => {
  const startMs = performance.now();
  for (const piece of ["token", "://", "a:", "-----BEGIN ", "secret_", "bearer ", "x@", "eyJ.", "cookie:"]) redact(piece.repeat(20_000));
  expect(performance.now() - startMs).toBeLessThan(5000);
});
