import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { bytesOfText } from "../kernel/path.ts";
import { exampleConfiguration } from "./example.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

it("the written configuration says what was asked for, and has the two rejects", () => {
  const text = exampleConfiguration({
    flow: "to_hub",
    directory: "~/to_hub",
    url: "sftp://bob@hub:2222/~/in",
    ssh: ["ssh", "-F", "/tmp/a b"],
  });
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  expect(loaded).toMatchObject({
    ok: true,
    configuration: {
      flows: [
        {
          name: "to_hub",
          source: { root: "/home/u/to_hub", reject: [/\.tmp$/u, /(^|\/)\./u] },
          destination: { place: { host: "hub", user: "bob", port: 2222, directory: "in", ssh: ["ssh", "-F", "/tmp/a b"] } },
          retain: { kind: "keep" },
        },
      ],
    },
  });
  expect(text).toMatch(/^ {6}directory: ~\/to_hub$/m);
  expect(text).toMatch(/^ {6}url: sftp:\/\/bob@hub:2222\/~\/in$/m);
});

it("its first line names the shipped JSON Schema", () => {
  const [line = ""] = exampleConfiguration({ flow: "a", directory: "/in", url: "file:/out" }).split("\n");
  const schema = /^# yaml-language-server: \$schema=(.+)$/.exec(line)?.[1] ?? "";
  expect(JSON.parse(readFileSync(schema, "utf8"))).toMatchObject({ title: "hotdir configuration" });
});

it.each(["true", "null", "1e3", "0x1f", "2026", "-a", "no"])("a flow that is named %s stays so", (flow) => {
  const loaded = parseConfiguration(exampleConfiguration({ flow, directory: "/in", url: "file:/out" }), "/x.yaml", options);
  expect(loaded.ok ? loaded.configuration.flows[0]?.name : "refused").toBe(flow.startsWith("-") ? "refused" : flow);
});

it("whatever the directory and the command, what is written is read as it was meant", () => {
  const names = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string(),
    fc.constantFrom("${HOME}", "$${x}", "# a", "a: b", "'", '"', "\\", "~", "\t", "\n", "*a", "\u2028", "\u0085"),
  );
  const clean = names.map((name) => name.replaceAll(/[/\0]/g, "_")).filter((name) => name !== "" && name !== "." && name !== "..");
  fc.assert(
    fc.property(clean, fc.array(names, { maxLength: 3 }), (name, list) => {
      const ssh = ["ssh", ...list.map((one) => one.replaceAll("\0", "_"))].filter((one) => !one.startsWith("~/"));
      const text = exampleConfiguration({ flow: "a", directory: `/in/${name}`, url: "sftp://hub/x", ssh });
      const loaded = parseConfiguration(text, "/x.yaml", options);
      const [flow] = loaded.ok ? loaded.configuration.flows : [];
      expect(flow?.source.root).toBe(bytesOfText(`/in/${name}`));
      expect(flow?.destination.place).toMatchObject({ ssh });
    }),
    { numRuns: 500 },
  );
});
