import { expect, test } from "vitest";
import { renderFaults } from "../../src/config/fault.ts";
import { parseConfiguration } from "../../src/config/parse.ts";
import { filesOf, textOf } from "./sources.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const examples = filesOf("examples/broker").filter((file) => file.endsWith(".yaml"));

test("every example is a good configuration, and is listed", () => {
  expect(examples.length).toBeGreaterThan(3);
  const listed = textOf("examples/broker/README.md");
  for (const file of examples) {
    const loaded = parseConfiguration(textOf(file), `/${file}`, options);
    expect(loaded.ok ? "" : renderFaults(loaded.faults), file).toBe("");
    expect(listed).toContain(`(${file.split("/").at(-1)})`);
  }
});

test("every configuration in the guide's page on messages is good", () => {
  const blocks = [...textOf("docs/guide/14-messages.md").matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => text);
  expect(blocks.length).toBeGreaterThan(3);
  for (const text of blocks) {
    const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
    expect(loaded.ok ? "" : renderFaults(loaded.faults), text).toBe("");
  }
});
