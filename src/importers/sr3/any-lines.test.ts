import fc from "fast-check";
import { expect, test } from "vitest";
import { treeOf } from "../../../test/support/sr3-tree.ts";
import { parseConfiguration } from "../../config/parse.ts";
import { formatRemark } from "../remark.ts";
import { importTree } from "./import-tree.ts";
import { options } from "./options.ts";

const words = [
  "on",
  "off",
  "0",
  "1",
  "70",
  "1e3",
  "-5",
  "10s",
  "90d",
  "1k",
  "3G",
  "none",
  "None",
  "x",
  "a b",
  "/data/in",
  "/data/${YYYYMMDD}",
  "/data/${1}/${SOURCE}",
  "${BUP}/x",
  "~/x",
  "rel/x",
  "../up",
  ".",
  ".*",
  ".*.tmp$",
  ".*/(\\w+)/.*",
  "(?i)readme",
  "[a-",
  "\\bx",
  "file:",
  "file:/",
  "file:/data/in",
  "sftp://far/d",
  "amqps://u@hub/v",
  "mqtts://u@hub",
  "amqp://hub",
  "hub://u@hub",
  "xs_u",
  "q_${BROKER_USER}_${NOPE}",
  "v03.post",
  "v02",
  "*.#",
  "a//b",
  "k=v",
  "size=3",
  "DESTFN=n",
  "WHATFN",
  "-",
  "sha512",
  "md5",
  "-delete,rmdir",
  "link",
  "mdelaylatest",
  "filter.fdelay",
  "10.1.2.3",
  "debug",
];
/** Where a password may be expected, by us or by whoever mistook one line for another. */
const addressed = ["broker", "post_broker", "sendTo", "post_baseUrl", "path", "directory", "baseDir", "post_baseDir"];
const secrets = ["http://u:hush@web/x", "amqp://u:hush@hub", "sftp://u:hush@far"];
const line = fc
  .oneof(
    { weight: 9, arbitrary: fc.tuple(fc.constantFrom(...options.keys()), fc.constantFrom(...words)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...addressed), fc.constantFrom(...secrets)) },
  )
  .map(([name, value]) => `${name} ${value}`);
const component = fc.constantFrom("watch", "post", "cpost", "sender", "subscribe", "sarra", "shovel", "winnow");

/** What most of them need, so that the rest of the lines matter. */
const whole = [
  "broker amqps://u@hub",
  "exchange xs_in",
  "post_broker amqps://u@hub",
  "post_exchange xs_out",
  "path /data/out",
  "post_baseUrl file:/data/out",
  "sendTo sftp://far",
  "directory /data/in",
];

/** Either a good configuration or an error. Returns whether there is one. */
function judged(files: Record<string, string>, withoutBroker: boolean): boolean {
  const tree = treeOf({ "credentials.conf": "amqps://u:hush@hub", ...files });
  const { yaml, remarks, alone } = importTree(tree, null, { withoutBroker });
  expect(`${yaml}${remarks.map(formatRemark).join("\n")}`).not.toContain("hush");
  const reasons = alone.length + remarks.filter(({ kind }) => kind === "error").length;
  const faults = yaml === null ? [] : faultsOf(yaml);
  expect(yaml !== null || reasons > 0, JSON.stringify(files)).toBe(true);
  expect(faults, `${JSON.stringify(files)}\n\n${yaml}`).toEqual([]);
  return yaml !== null;
}

function faultsOf(yaml: string): readonly unknown[] {
  const parsed = parseConfiguration(yaml, "/hotdir.yaml", { env: {}, homeDirectory: "/home/bob", defaultSsh: ["ssh"] });
  return parsed.ok ? [] : parsed.faults;
}

const lines = fc.array(line, { maxLength: 8 });
const few = fc.array(line, { maxLength: 3 });

test(
  "whatever the lines are, they are refused in words, or what they come to is a good configuration; no password is in either",
  { timeout: 60_000 },
  () => {
    const outcomes = { true: 0, false: 0 };
    fc.assert(
      fc.property(component, lines, fc.boolean(), (of, some, isWhole) => {
        outcomes[`${judged({ [`${of}/c.conf`]: [...(isWhole ? whole : []), ...some].join("\n") }, false)}`]++;
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(outcomes.true, outcomes.false)).toBeGreaterThan(50);
  },
);

test("so it is without a broker", { timeout: 60_000 }, () => {
  const outcomes = { true: 0, false: 0 };
  const watch = ["post_broker amqps://u@hub", "post_exchange x", "post_baseUrl file:/data/out", "path /data/out"];
  const sender = ["broker amqps://u@hub", "exchange x", "sendTo sftp://far", "baseDir /data/out", "directory /data/in"];
  fc.assert(
    fc.property(few, few, (one, other) => {
      const files = { "watch/w.conf": [...watch, ...one].join("\n"), "sender/s.conf": [...sender, ...other].join("\n") };
      outcomes[`${judged(files, true)}`]++;
    }),
    { numRuns: 800 },
  );
  expect(Math.min(outcomes.true, outcomes.false)).toBeGreaterThan(50);
});
