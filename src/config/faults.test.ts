import { expect, it } from "vitest";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
/** A good flow, with one or more lines in place of those of the same key. */
function flow(lines: string[]): string {
  return ["flows:", "  a:", ...lines.map((line) => `    ${line}`)].join("\n");
}
const source = "source: {directory: /data/in}";
const destination = "destination: {url: 'sftp://hub/~/in'}";
type Expected = { line: number; path: string; message: RegExp; suggestion?: string };

/** Each text with the faults that it must give, and no others. */
const table: Array<[title: string, text: string, ...Expected[]]> = [
  ["an empty file", "", { line: 1, path: "flows", message: /missing/ }],
  ["only a comment", "# later\n", { line: 1, path: "flows", message: /missing/ }],
  ["a list at the top", "- a\n", { line: 1, path: "", message: /expected a map/ }],
  ["no flow in flows", "flows: {}\n", { line: 1, path: "flows", message: /no flow/ }],
  ["flows without a value", "flows:\n", { line: 1, path: "flows", message: /no value/ }],
  ["an unknown key at the top", "flow: {}\n", { line: 1, path: "flow", message: /unknown key "flow"/, suggestion: "flows" }],
  [
    "an unknown key",
    flow(["source:", "  directory: /d", "  setle: close", destination]),
    { line: 5, path: "flows.a.source.setle", message: /unknown key "setle"/, suggestion: "settle" },
  ],
  [
    "a key with no likeness",
    flow([source, destination, "colour: red"]),
    { line: 5, path: "flows.a.colour", message: /known: source, destination/ },
  ],
  [
    "a table beside a directory",
    flow(["source:", "  directory: /d", "  table: {database: /db}", destination]),
    { line: 5, path: "flows.a.source.table", message: /either directory or table, not both/ },
  ],
  [
    "a table with what says nothing about rows",
    flow(["source:", "  table: {database: /db}", "  settle: 5s", "  propagate: [put]", destination]),
    { line: 5, path: "flows.a.source.settle", message: /settle does nothing with a table: a row says itself that its file is complete/ },
    { line: 6, path: "flows.a.source.propagate", message: /propagate does nothing with a table/ },
  ],
  [
    "a table without a database, with an unknown column",
    flow(["source:", "  table:", "    columns: {sum: md5}", destination]),
    { line: 5, path: "flows.a.source.table.database", message: /"database" is missing/ },
    { line: 5, path: "flows.a.source.table.columns.sum", message: /unknown key "sum"/ },
  ],
  [
    "rows that are verified by another digest than theirs",
    flow(["source: {table: {database: /db}}", "destination: {url: 'file:/o', verify: sha256}"]),
    { line: 4, path: "flows.a.destination.verify", message: /sums of md5, and get what was read back: verify is md5/, suggestion: "md5" },
  ],
  [
    "rows that are published",
    flow(["source: {table: {database: /db}}", "destination: {publish: {broker: 'amqp://u@h', exchange: x}}"]),
    { line: 4, path: "flows.a.destination.publish", message: /what the rows of a table name is moved: write a url/ },
  ],
  [
    "empty directories of rows",
    flow(["source: {table: {database: /db}}", destination, "retain: {delete_after: 1d, empty_directories_after: 1d}"]),
    { line: 5, path: "flows.a.retain.empty_directories_after", message: /no directory is removed where none is watched/ },
  ],
  ["a missing section", flow([source]), { line: 3, path: "flows.a.destination", message: /"destination" is missing/ }],
  ["a duplicate key", flow([source, destination, source]), { line: 5, path: "flows.a.source", message: /already given in line 3/ }],
  [
    "a duplicate flow",
    `${flow([source, destination])}\n  a: {}`,
    { line: 5, path: "flows.a", message: /the flow "a" is already given in line 2/ },
  ],
  [
    "a flow without keys",
    "flows:\n  a: {}\n",
    { line: 2, path: "flows.a.source", message: /missing/ },
    { line: 2, path: "flows.a.destination", message: /missing/ },
  ],
  ["a flow without a value", "flows:\n  a:\n", { line: 2, path: "flows.a", message: /no value/ }],
  ["a strange flow name", `flows: {"a/b": {${source}, ${destination}}}`, { line: 1, path: 'flows."a/b"', message: /is no name/ }],
  [
    "a map for a text",
    flow(["source: {directory: {a: b}}", destination]),
    { line: 3, path: "flows.a.source.directory", message: /expected path, found a map/ },
  ],
  [
    "a text for a list",
    flow(["source: {directory: /d, reject: '.tmp'}", destination]),
    { line: 3, path: "flows.a.source.reject", message: /expected list of regular expressions, found text/, suggestion: "['.tmp']" },
  ],
  [
    "a list for a map",
    flow(["source: [/d]", destination]),
    { line: 3, path: "flows.a.source", message: /expected a map of directory.*found a list/ },
  ],
  ["a lone tilde", flow(["source: {directory: ~}", destination]), { line: 3, path: "flows.a.source.directory", message: /write ~\// }],
  [
    "no unit",
    flow(["source: {directory: /d, rescan: 10}", destination]),
    { line: 3, path: "flows.a.source.rescan", message: /lacks a unit/, suggestion: "10s" },
  ],
  [
    "too short a time",
    flow(["source: {directory: /d, rescan: 10ms}", destination]),
    { line: 3, path: "flows.a.source.rescan", message: /at least 1s/, suggestion: "1s" },
  ],
  [
    "a wrong settle",
    flow(["source: {directory: /d, settle: closed}", destination]),
    { line: 3, path: "flows.a.source.settle", message: /neither close/ },
  ],
  [
    "an empty marker",
    flow(["source: {directory: /d, settle: {marker: ''}}", destination]),
    { line: 3, path: "flows.a.source.settle.marker", message: /empty/, suggestion: ".done" },
  ],
  [
    "a mistaken key alone in a map",
    flow(["source: {directory: /d, settle: {marke: x}}", destination]),
    { line: 3, path: "flows.a.source.settle.marke", message: /unknown/, suggestion: "marker" },
  ],
  [
    "a shell pattern",
    flow(["source: {directory: /d, reject: ['*.tmp']}", destination]),
    { line: 3, path: "flows.a.source.reject[0]", message: /nothing to repeat/, suggestion: String.raw`\.tmp$` },
  ],
  [
    "an inline flag",
    flow(["source: {directory: /d, accept: ['(?i)a']}", destination]),
    { line: 3, path: "flows.a.source.accept[0]", message: /not a regular expression/, suggestion: "(?i:a)" },
  ],
  [
    "an unclosed group in line 5",
    flow(["source:", "  directory: /d", "  accept: [a, '(']", destination]),
    { line: 5, path: "flows.a.source.accept[1]", message: /unterminated group/ },
  ],
  [
    "a regular expression in double quotes",
    flow([`source: {directory: /d, accept: ["\\d"]}`, destination]),
    { line: 3, path: "", message: /single quotes/ },
  ],
  [
    "an unknown change",
    flow(["source: {directory: /d, propagate: [put, deletes]}", destination]),
    { line: 3, path: "flows.a.source.propagate[1]", message: /unknown value "deletes"/, suggestion: "delete" },
  ],
  [
    "a change twice",
    flow(["source: {directory: /d, propagate: [put, put]}", destination]),
    { line: 3, path: "flows.a.source.propagate[1]", message: /twice/ },
  ],
  [
    "no change",
    flow(["source: {directory: /d, propagate: []}", destination]),
    { line: 3, path: "flows.a.source.propagate", message: /empty/ },
  ],
  [
    "two kinds of source",
    flow(["source: {directory: /d, posts: true}", destination]),
    { line: 3, path: "flows.a.source.posts", message: /not both/ },
  ],
  ["no kind of source", flow(["source: {settle: close}", destination]), { line: 3, path: "flows.a.source", message: /needs a directory/ }],
  [
    "a rescan of posts",
    flow(["source: {posts: true, rescan: 5m}", destination]),
    { line: 3, path: "flows.a.source.rescan", message: /does nothing/ },
  ],
  ["posts: false", flow(["source: {posts: false}", destination]), { line: 3, path: "flows.a.source.posts", message: /expected true/ }],
  [
    "another's home",
    flow(["source: {directory: ~bob/x}", destination]),
    { line: 3, path: "flows.a.source.directory", message: /own home/, suggestion: "/home/bob/x" },
  ],
  [
    "an scp address",
    flow([source, "destination: {url: 'bob@hub:in'}"]),
    { line: 4, path: "flows.a.destination.url", message: /is a URL/, suggestion: "sftp://bob@hub/~/in" },
  ],
  [
    "too many lanes",
    flow([source, "destination: {url: 'file:/out', lanes: 65}"]),
    { line: 4, path: "flows.a.destination.lanes", message: /at most 64/, suggestion: "64" },
  ],
  [
    "half a lane",
    flow([source, "destination: {url: 'file:/out', lanes: 1.5}"]),
    { line: 4, path: "flows.a.destination.lanes", message: /whole number from 1 to 64/ },
  ],
  [
    "lanes in quotes",
    flow([source, "destination: {url: 'file:/out', lanes: '5'}"]),
    { line: 4, path: "flows.a.destination.lanes", message: /found text/ },
  ],
  [
    "an unknown digest",
    flow([source, "destination: {url: 'file:/out', verify: sha265}"]),
    { line: 4, path: "flows.a.destination.verify", message: /unknown value/, suggestion: "sha256" },
  ],
  [
    "a slash in the suffix",
    flow([source, "destination: {url: 'file:/out', inflight: /tmp}"]),
    { line: 4, path: "flows.a.destination.inflight", message: /holds no \// },
  ],
  [
    "an empty suffix",
    flow([source, "destination: {url: 'file:/out', inflight: ''}"]),
    { line: 4, path: "flows.a.destination.inflight", message: /empty/, suggestion: ".tmp" },
  ],
  [
    "bits for bytes",
    flow([source, "destination: {url: 'file:/out', bandwidth: 50Mb/s}"]),
    { line: 4, path: "flows.a.destination.bandwidth", message: /bits/, suggestion: "50MB/s" },
  ],
  [
    "a rate without time",
    flow([source, "destination: {url: 'file:/out', bandwidth: 50MB}"]),
    { line: 4, path: "flows.a.destination.bandwidth", message: /not a rate/, suggestion: "50MB/s" },
  ],
  [
    "a number alone for a rate, which rsync takes for KiB",
    flow([source, "destination: {url: 'file:/out', bandwidth: 5000}"]),
    { line: 4, path: "flows.a.destination.bandwidth", message: /not a rate/, suggestion: "5000K/s" },
  ],
  [
    "a change of modes without an operator",
    flow([source, "destination: {url: 'file:/out', chmod: 'o+r,grw'}"]),
    { line: 4, path: "flows.a.destination.chmod", message: /"grw" in "o\+r,grw": expected \+, - or =/, suggestion: "g+rw" },
  ],
  [
    "a holding area for links that are followed",
    flow(["source: {directory: /d, symlinks: follow}", destination, "retain: {hold: /held}"]),
    { line: 5, path: "flows.a.retain.hold", message: /could lead elsewhere/, suggestion: "delete_after" },
  ],
  [
    "compression on no wire",
    flow([source, "destination: {url: 'file:/out', compress: true}"]),
    { line: 4, path: "flows.a.destination.compress", message: /compress is for ssh/, suggestion: "false" },
  ],
  [
    "an ssh command as one text",
    flow([source, "destination: {url: 'sftp://h/', ssh: ssh -F x}"]),
    { line: 4, path: "flows.a.destination.ssh", message: /expected list of arguments, found text/, suggestion: "[ssh, -F, x]" },
  ],
  [
    "an empty command",
    flow([source, "destination: {url: 'sftp://h/', ssh: []}"]),
    { line: 4, path: "flows.a.destination.ssh", message: /empty/ },
  ],
  [
    "an accelerator without %d",
    flow([source, "destination: {url: 'file:/out', accelerate: {command: [cp, '%s']}}"]),
    { line: 4, path: "flows.a.destination.accelerate.command", message: /has no %d/ },
  ],
  [
    "keep_free of nothing",
    flow([source, "destination: {url: 'file:/out', keep_free: some}"]),
    { line: 4, path: "flows.a.destination.keep_free", message: /neither a percentage/ },
  ],
  [
    "staging in the destination itself",
    flow([source, "destination: {url: 'file:/out', inflight: {staging: /out/}}"]),
    { line: 4, path: "flows.a.destination.inflight.staging", message: /destination itself/ },
  ],
  [
    "staging in the source",
    flow([source, "destination: {url: 'file:/out', inflight: {staging: /data/in/x}}"]),
    { line: 4, path: "flows.a.destination.inflight.staging", message: /inside the source/ },
  ],
  [
    "a destination in the source",
    flow([source, "destination: {url: 'file:/data/in/out'}"]),
    { line: 4, path: "flows.a.destination.url", message: /inside the source/ },
  ],
  [
    "retries that never begin",
    flow([source, destination, "retry: {attempts: 0}"]),
    { line: 5, path: "flows.a.retry.attempts", message: /at least 1/, suggestion: "1" },
  ],
  [
    "a backoff that ends before it begins",
    flow([source, destination, "retry: {backoff: 10m..2s}"]),
    { line: 5, path: "flows.a.retry.backoff", message: /before it begins/, suggestion: "2s..10m" },
  ],
  [
    "a wrong retain",
    flow([source, destination, "retain: kepp"]),
    { line: 5, path: "flows.a.retain", message: /unknown value "kepp"/, suggestion: "keep" },
  ],
  [
    "hold and delete",
    flow([source, destination, "retain: {hold: /h, delete_after: 7d}"]),
    { line: 5, path: "flows.a.retain.delete_after", message: /not both/ },
  ],
  [
    "neither hold nor delete",
    flow([source, destination, "retain: {empty_directories_after: 1d}"]),
    { line: 5, path: "flows.a.retain", message: /expected hold or delete_after/ },
  ],
  [
    "a holding area in the source",
    flow([source, destination, "retain: {hold: /data/in/held}"]),
    { line: 5, path: "flows.a.retain.hold", message: /inside the source/ },
  ],
  [
    "a holding area that is the source",
    flow([source, destination, "retain: {hold: /data/x/../in/}"]),
    { line: 5, path: "flows.a.retain.hold", message: /inside the source/ },
  ],
  [
    "a source in the holding area",
    flow([source, destination, "retain: {hold: /data}"]),
    { line: 5, path: "flows.a.retain.hold", message: /inside the holding area/ },
  ],
  [
    "deleting without a digest",
    flow([source, "destination: {url: 'file:/out', verify: size}", "retain: {delete_after: 7d}"]),
    { line: 4, path: "flows.a.destination.verify", message: /nothing is removed.*delete_after/, suggestion: "sha256" },
  ],
  [
    "holding without a digest",
    flow([source, "destination: {url: 'file:/out', verify: none}", "retain: {hold: /h}"]),
    { line: 4, path: "flows.a.destination.verify", message: /nothing is removed.*hold/, suggestion: "sha256" },
  ],
  [
    "an unknown variable",
    `vars: {cluster: hub}\n${flow([source, "destination: {url: 'sftp://${clustr}/'}"])}`,
    { line: 5, path: "flows.a.destination.url", message: /variable clustr/, suggestion: "${cluster}" },
  ],
  [
    "a variable of a variable below it",
    `vars: {a: "\${b}", b: x}\n${flow([source, destination])}`,
    { line: 1, path: "vars.a", message: /variable b/ },
  ],
  [
    "a shell's default value",
    flow([source, "destination: {url: 'sftp://${HUB:-x}/'}"]),
    { line: 4, path: "flows.a.destination.url", message: /written \$\{NAME\}/ },
  ],
  ["a list in vars", `vars: {a: [1]}\n${flow([source, destination])}`, { line: 1, path: "vars.a", message: /one text or number/ }],
  ["an alias without anchor", flow([source, "destination: *d"]), { line: 4, path: "flows.a.destination", message: /no anchor &d/ }],
  ["a merge of a text", flow([source, destination, "<<: x"]), { line: 5, path: 'flows.a."<<"', message: /only maps can be merged/ }],
  ["a tag", flow([source, "destination: !secret {url: 'file:/out'}"]), { line: 4, path: "", message: /tags are not used/ }],
  ["two documents", `${flow([source, destination])}\n---\nb: 1\n`, { line: 5, path: "", message: /second document/ }],
  ["a tab for an indent", "flows:\n\ta: 1\n", { line: 2, path: "", message: /tab/ }],
];

it.each(table)("%s is told with its line, and what was meant", (_, text, ...expected) => {
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  const faults = loaded.ok ? [] : loaded.faults;
  expect(faults.map(({ line, path }) => ({ line, path }))).toEqual(expected.map(({ line, path }) => ({ line, path })));
  for (const [index, { message, suggestion }] of expected.entries()) {
    expect(faults[index]?.message).toMatch(message);
    expect(faults[index]?.suggestion).toBe(suggestion);
  }
});
