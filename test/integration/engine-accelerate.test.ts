import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hostileNames } from "../support/names.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { readTree } from "../support/tree.ts";
import { makeWorld } from "../support/world.ts";
import { configure, expectSameTrees, rawReceipts, writeFiles } from "./engine-world.ts";

test("scp moves what is above the threshold, whatever its name, and only that", async () => {
  await using world = await makeWorld();
  configure(world, (flow) => {
    const command = ["scp", "-F", world.sshd?.sshConfigFile, "-B", "%s", "%d"];
    return { world: { ...flow, destination: { ...flow.destination, accelerate: { above: "100K", command } } } };
  });
  const random = new Random(chooseSeed("accelerate"));
  const names = [
    "plain",
    "-leading",
    "%s %d",
    ...hostileNames.filter((_, at) => at % 3 === 1).map((name, at) => name(`a${at}`)),
    "$(touch owned)",
    "d 1/'x\n\u00ff",
  ];
  for (const name of names)
    writeFiles(world.source, { [name]: random.fill(150_000), [`small/${name}`.slice(0, 200)]: random.fill(50_000) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const methods = (await rawReceipts(world))
    .filter(({ kind }) => kind === "put")
    .map(({ size, method }) => `${String(size)} ${String(method)}`);
  expect(methods.filter((line) => line === "150000 accelerated")).toHaveLength(names.length);
  expect(new Set(methods.filter((line) => line.startsWith("50000")))).not.toContain("50000 accelerated");
  for (const place of [world.directory, world.place.home, world.sshd!.home, process.cwd()]) {
    expect(readdirSync(place).filter((name) => name.startsWith("owned"))).toEqual([]);
  }
});

/** Commands of users that go wrong. `$1` is the source, `$2` the inflight name at a local destination. */
const bad = {
  silent: { script: "exit 0", code: "accelerator-failed|not-found|digest-unavailable", words: /there|not exist|no such/i },
  wrong: { script: 'head -c "$(stat -c %s "$1")" /dev/zero > "$2"', code: "digest-mismatch", words: /sha256/ },
  partial: { script: 'head -c 1000 "$1" > "$2"', code: "digest-mismatch", words: /sha256/ },
  failing: {
    script: 'cat "$1" > "$2"; echo "no licence for today" >&2; exit 1',
    code: "accelerator-failed",
    words: /exit 1: no licence for today/,
  },
};

test("an accelerator that lies or fails never publishes a byte, and its files become dead letters with its words", async () => {
  await using world = await makeWorld({ destination: "file", flow: { retry: { attempts: 2, backoff: "10ms..20ms" } } });
  configure(world, (flow) =>
    Object.fromEntries(
      Object.entries(bad).map(([name, { script }]) => {
        const program = `${world.directory}/${name}.sh`;
        writeFileSync(program, `#!/bin/sh\n${script}\n`);
        chmodSync(program, 0o755);
        const accelerate = { above: "1K", command: [program, "%s", "%d"] };
        return [name, { ...flow, destination: { ...flow.destination, url: `file:${world.destination}/${name}`, accelerate } }];
      }),
    ),
  );
  writeFiles(world.source, { large: new Random(chooseSeed("bad accelerators")).fill(20_000), small: "small" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  const outcome = await world.hotdir.ask("dead", "--json");
  const letters = JSON.parse(outcome.stdout) as Array<{ flow: string; path: string; code: string; reason: string; failures?: number }>;
  expect(letters.map(({ flow, path }) => `${flow} ${path}`).toSorted()).toEqual(
    Object.keys(bad)
      .map((name) => `${name} large`)
      .toSorted(),
  );
  for (const [name, { code, words }] of Object.entries(bad)) {
    const letter = letters.find(({ flow }) => flow === name);
    expect(letter?.code, name).toMatch(new RegExp(`^(${code})$`));
    expect(letter?.reason, name).toMatch(words);
  }
  // The small file went by itself, and nothing else is there: neither a wrong file nor a leftover.
  const files = [...(await readTree(world.destination))].filter(([, { kind }]) => kind === "f").map(([path]) => path);
  expect(files.toSorted()).toEqual(
    Object.keys(bad)
      .map((name) => `${name}/small`)
      .toSorted(),
  );
});
