import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { configurationJsonSchema, type JsonSchema } from "./json-schema.ts";
import { parseConfiguration } from "./parse.ts";
import { configurationReference, fullExample } from "./reference.ts";

const root = new URL("../../", import.meta.url);
const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

it("the committed JSON Schema is current (else: node scripts/generate-schema.ts)", () => {
  expect(JSON.parse(readFileSync(new URL("schema/hotdir.schema.json", root), "utf8"))).toEqual(configurationJsonSchema());
});

it("the committed reference is current (else: node scripts/generate-schema.ts)", () => {
  expect(readFileSync(new URL("docs/reference/configuration.md", root), "utf8")).toBe(configurationReference());
});

it("the example of the reference is a good configuration", () => {
  expect(parseConfiguration(fullExample, "/etc/hotdir.yaml", options)).toMatchObject({
    ok: true,
    configuration: {
      flows: [
        { name: "to_hpfx" },
        { name: "announced" },
        { name: "published" },
        { name: "cleaned" },
        { name: "ingested" },
        { name: "commanded" },
        { name: "rows" },
      ],
    },
  });
});

/** Every key of the schema, as a path; alternatives of a value are of the same path, those of the members of a list have [] before them. */
function keysOf(schema: JsonSchema, prefix = ""): Array<[path: string, schema: JsonSchema]> {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, child]): Array<[string, JsonSchema]> => [
    [`${prefix}${key}`, child],
    ...keysOf(child, `${prefix}${key}.`),
  ]);
  const below = typeof schema.additionalProperties === "object" ? keysOf(schema.additionalProperties, `${prefix}NAME.`) : [];
  const members = schema.items === undefined ? [] : keysOf(schema.items, `${prefix.slice(0, -1)}[].`);
  return [...own, ...below, ...members, ...(schema.anyOf ?? []).flatMap((option) => keysOf(option, prefix))];
}

it("every key says what it means, and has its line in the reference", () => {
  const reference = configurationReference();
  const keys = keysOf(configurationJsonSchema()).filter(([, schema]) => schema.properties === undefined);
  expect(keys.length).toBeGreaterThan(25);
  for (const [path, schema] of keys) {
    expect(schema.description, path).toMatch(/\w.*\.$/s);
    const [, name = path] =
      /^flows\.NAME\.(?:source|destination|announce|completion|finish|retry)\.(.+)$/.exec(path) ?? /^flows\.NAME\.(.+)$/.exec(path) ?? [];
    expect(reference, path).toContain(`| \`${name}\` |`);
  }
});

it("what stands as default in the reference is what a flow gets", () => {
  const minimal = parseConfiguration(
    `flows:
  a: {source: {directory: /d}, destination: {url: 'file:/o'}}
  b: {source: {subscribe: {broker: 'amqp://u@h', exchange: x}}, destination: {url: 'file:/o'}, announce: {broker: 'mqtt://h', exchange: y}}
  c: {source: {directory: /d}, destination: {publish: {broker: 'amqp://u@h', exchange: x}}}
  d: {source: {table: {database: /db}}, destination: {url: 'file:/o'}}
  e: {source: {directory: /d}, destination: {url: 'file:/o'}, completion: {sets: '\\d+', whole: timecode}}
  f: {source: {directory: /d}, destination: {directory: /o, commands: {transfer: 'cp {file} {dest}', remote: 'sh -c {command}'}}}
  g:
    source: {directory: /d, propagate: [put]}
    destination: {url: 'file:/o'}
    finish: {ingest: {command: [c]}, catalog: {database: e.db, table: files}}`,
    "/x.yaml",
    options,
  );
  // What is only there where something is written, or within a list, has no place of its own.
  const defaults = keysOf(configurationJsonSchema()).filter(
    ([path, schema]) =>
      schema.default !== undefined &&
      path.startsWith("flows.NAME.") &&
      !/(?:retry|manifest|posts\.base|above|headers|table\.where|table\.columns)$|\[\]|\.unmatched\./.test(path),
  );
  if (!minimal.ok) throw new Error("the minimal configuration has faults");
  const { origins } = minimal.configuration;
  for (const [path, schema] of defaults) {
    const value = Array.isArray(schema.default) ? `[${schema.default.join(", ")}]` : `${schema.default as string | number}`;
    const flow = ["a", "b", "c", "d", "e", "f", "g"].find((name) => origins.has(path.replace("NAME", name)));
    expect(origins.get(path.replace("NAME", flow ?? "none")), path).toEqual({ value, from: "default" });
  }
  expect(defaults.length).toBeGreaterThan(30);
});

it("the patterns that editors check take what the loader takes, and variables", () => {
  const patterns = keysOf(configurationJsonSchema()).filter(([, schema]) => schema.pattern !== undefined);
  const written: Record<string, string[]> = {
    duration: ["500ms", "30s", "1.5h", "2w"],
    "duration, or off": ["off", "30s", "1.5h"],
    size: ["64M", "1GiB", "500MB", "1048576", "1.5 G"],
    rate: ["unlimited", "50MB/s", "400Mbit/s"],
    "range of durations": ["2s..10m", "30s", "2s .. 1d"],
    "percentage, size": ["2%", "0.5%", "100G"],
    suffix: [".done"],
    "time of day": ["00:00", "18:30", "24:00"],
    address: ["10.1.2.3", "2001:db8::7"],
    "address of a broker": ["amqps://bob@hub:5671/vhost", "amqp://hub", "mqtts://bob@hub", "mqtt://[::1]:1883"],
    exchange: ["xs_bob", "xs_bob_from_loli", "amq.topic"],
    queue: ["q_bob.hotdir.down", "q_pas037.sender.to_hpfx.bob_localhost_07605188"],
    "words, apart by dots": ["v03", "v03.post", "v03/x"],
    "number, or regular expression": ["0", "2", "^home/"],
    "duration, or never": ["never", "2d", "30s"],
    "ADDRESS:PORT or unix:PATH": ["127.0.0.1:8642", "[::1]:8642", "unix:~/page.sock"],
  };
  expect(patterns.length).toBeGreaterThan(5);
  for (const [path, schema] of patterns) {
    for (const text of [...(written[schema.title ?? ""] ?? []), "${NAME}"])
      expect(text, path).toMatch(new RegExp(schema.pattern ?? "", "u"));
    expect(written, path).toHaveProperty([schema.title ?? ""]);
  }
});
