import { expect, it } from "vitest";
import { renderFaults } from "./fault.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: { PASS: "hunter22" }, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const source = "source: {directory: /data/in}";
const destination = "destination: {url: 'sftp://hub/~/in'}";

function flow(lines: string[]): string {
  return ["flows:", "  a:", ...lines.map((line) => `    ${line}`)].join("\n");
}

it("a fault is shown with its line, its path, what was meant, and a caret below the place", () => {
  const loaded = parseConfiguration(flow(["source:", "  directory: /d", "  setle: close", destination]), "hotdir.yaml", options);
  expect(loaded.ok ? "" : renderFaults(loaded.faults)).toBe(
    `hotdir.yaml:5:7: flows.a.source: unknown key "setle"; did you mean "settle"?
    5 |       setle: close
      |       ^
`,
  );
});

it.each([
  "{url: 'sftp://bob:hunter22@hub/x'}",
  '{url: "sftp://bob:hunter22@hub/x", lanes: 0}',
  "{url: 'sftp://bob:p@hunter22@hub/x', lanes: 0}",
  "{url: 'sftp://bob:hunter22/x@hub', lanes: 0}",
  "{url: 'sftp://bob:${PASS}@hub/x', lanes: 0}",
  "{url: 'sftp://hub/x', password: hunter22}",
  "{url: 'sftp://hub/x', 'ssh_passphrase': 'hunter22'}",
  '{url: "sftp:\\/\\/bob:hunter22@hub/x", lanes: 0}',
])("a password in %s is a fault that does not show it", (value) => {
  const loaded = parseConfiguration(flow([source, `destination: ${value}`]), "hotdir.yaml", options);
  expect(loaded.ok).toBe(false);
  expect(JSON.stringify(loaded)).not.toContain("hunter22");
  expect(loaded.ok ? "" : renderFaults(loaded.faults)).not.toContain("hunter22");
});

it("no name in a configuration can move the terminal's cursor or forge a line", () => {
  const text = `flows:\n  a:\n    "\\e[31m\\n\\u202ebad": 1\n    ${source}\n    ${destination}\n`;
  const loaded = parseConfiguration(text, "hotdir.yaml", options);
  const shown = loaded.ok ? "" : renderFaults(loaded.faults);
  expect(shown.split("\n")).toHaveLength(4);
  expect(shown).not.toMatch(/[\u001b\u202e]/);
});

it("a long line is shown as the part around the fault", () => {
  const text = flow([source, `destination: {url: 'file:/${"x".repeat(500)}', lanes: 0}`]);
  const loaded = parseConfiguration(text, "hotdir.yaml", options);
  const [, excerpt = "", caret = ""] = loaded.ok ? [] : renderFaults(loaded.faults).split("\n");
  expect(excerpt.length).toBeLessThan(140);
  expect(excerpt[caret.indexOf("^")]).toBe("0");
});

it("all faults are told at once, sorted by line, across flows and kinds", () => {
  const text = `vars: {a: "\${NOPE}"}
flows:
  a:
    source: {directory: /d, rescan: 10, reject: ['(']}
    destination: {url: nonsense, lanes: 0}
    retain: {hold: /d/held}
  a: {}
  b:
    surce: {directory: /d}
    destination: {url: 'file:/x', verify: size}
    retain: {delete_after: 7d}
    history: soon
`;
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  const lines = loaded.ok ? [] : loaded.faults.map((fault) => fault.line);
  expect(lines).toEqual([1, 4, 4, 5, 5, 6, 7, 9, 10, 12]);
});
