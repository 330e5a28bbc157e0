import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { root } from "./sources.ts";

const PROGRAM =
  "console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2), cache: process.env.NODE_COMPILE_CACHE ?? null }));";

type Ran = { status: number | null; stdout: string; stderr: string; pid: number };

test("the published package runs dist/ with a new Node of the PATH, through symlinks, in the same process", async () => {
  await using place = await makePackage({ dist: true, node: "real" });
  symlinkSync(`${place.path}/package/bin/hotdir`, `${place.path}/tools/hotdir`);
  const ran = await launch(place, `${place.path}/tools/hotdir`, ["status", "a b", "*"]);
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(ran.stdout)).toEqual({ pid: ran.pid, args: ["status", "a b", "*"], cache: `${place.path}/home/.cache/hotdir/compile` });
});

test("under the names of the programs that it stands in for it is what they are, whatever stands behind", async () => {
  await using place = await makePackage({ dist: true, node: "real" });
  for (const name of ["sr3", "sr3_post", "sr3_watch", "hdfmgr", "endmgr"]) {
    symlinkSync(`${place.path}/package/bin/hotdir`, `${place.path}/tools/${name}`);
    const ran = await launch(place, `${place.path}/tools/${name}`, ["-c", "a b", "*"]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ pid: ran.pid, args: [name, "-c", "a b", "*"] });
  }
});

test("an old Node is refused with both versions and the way out", async () => {
  await using place = await makePackage({ dist: true, node: "old" });
  const ran = await launch(place, `${place.path}/package/bin/hotdir`, []);
  expect(ran).toMatchObject({ status: 1, stdout: "" });
  expect(ran.stderr).toMatch(/^hotdir: Node 24\.15 or newer is needed; \S+ is v24\.14\.9\. See https:\S+\n$/);
});

test("no Node at all is said", async () => {
  await using place = await makePackage({ dist: true, node: "none" });
  const ran = await launch(place, `${place.path}/package/bin/hotdir`, []);
  expect(ran).toMatchObject({ status: 1, stdout: "" });
  expect(ran.stderr).toMatch(/no node is on PATH/);
});

test("an installation that is not whole is said", async () => {
  await using place = await makePackage({ dist: false, node: "real" });
  expect((await launch(place, `${place.path}/package/bin/hotdir`, [])).stderr).toMatch(/the installation is incomplete/);
});

test("a checkout without packages fetches them, and names npm where it is missing", async () => {
  await using place = await makePackage({ dist: true, node: "real" });
  const checkout = `${place.path}/package`;
  mkdirSync(`${checkout}/src/cli`, { recursive: true });
  mkdirSync(`${checkout}/scripts`);
  writeFileSync(`${checkout}/src/cli/main.ts`, `const from: string = "checkout"; console.log(from);`);
  writeFileSync(`${checkout}/package-lock.json`, "{}");
  copyFileSync(join(root, "scripts/ensure-modules"), `${checkout}/scripts/ensure-modules`);
  const without = await launch(place, `${checkout}/bin/hotdir`, []);
  expect(without.status).toBe(1);
  expect(without.stderr).toMatch(/npm is needed once.*apt-get install npm/);

  // In npm's place a script that leaves behind what npm leaves.
  makeTool(
    place,
    "npm",
    `#!/bin/sh\nmkdir -p node_modules/node/bin\nln -s ${process.execPath} node_modules/node/bin/node\necho "npm $*"\n: >node_modules/.package-lock.json\n`,
  );
  const first = await launch(place, `${checkout}/bin/hotdir`, []);
  expect(first).toMatchObject({ status: 0, stdout: "checkout\n" });
  expect(first.stderr).toMatch(/fetching the pinned packages with npm ci \(once\)\n$/);
  const second = await launch(place, `${checkout}/bin/hotdir`, []);
  expect(second).toMatchObject({ status: 0, stdout: "checkout\n", stderr: "" });

  writeFileSync(`${checkout}/scripts/ensure-page`, "echo builds the page >&2");
  const builds = async (...args: string[]): Promise<boolean> => (await launch(place, `${checkout}/bin/hotdir`, args)).stderr !== "";
  for (const serving of [["run"], ["suprsync", "--site-config", "a"], ["suprsync"]])
    expect(await builds(...serving), serving.join(" ")).toBe(true);
  for (const asking of [["status"], ["suprsync", "check", "a"], ["hdfmgr", "run", "a"]])
    expect(await builds(...asking), asking.join(" ")).toBe(false);
});

test("a home that cannot be written costs only time", async () => {
  await using place = await makePackage({ dist: true, node: "real" });
  const ran = await launch(place, `${place.path}/package/bin/hotdir`, [], { HOME: "/proc/nowhere" });
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ cache: null });
});

async function makePackage(options: { dist: boolean; node: "real" | "old" | "none" }): Promise<Temporary> {
  const place = await makeTemporary();
  for (const directory of ["package/bin", "tools", "home"]) mkdirSync(`${place.path}/${directory}`, { recursive: true });
  copyFileSync(join(root, "bin/hotdir"), `${place.path}/package/bin/hotdir`);
  writeFileSync(`${place.path}/package/package.json`, '{"type": "module"}');
  if (options.dist) {
    mkdirSync(`${place.path}/package/dist/cli`, { recursive: true });
    writeFileSync(`${place.path}/package/dist/cli/main.js`, PROGRAM);
  }
  for (const tool of ["sh", "readlink", "dirname", "mkdir", "cp", "cmp", "ln", "mktemp", "rm", "grep", "cat"])
    symlinkSync(`/bin/${tool}`, `${place.path}/tools/${tool}`);
  if (options.node === "real") symlinkSync(process.execPath, `${place.path}/tools/node`);
  if (options.node === "old") makeTool(place, "node", "#!/bin/sh\necho v24.14.9\n");
  return place;
}

function makeTool(place: Temporary, name: string, script: string): void {
  writeFileSync(`${place.path}/tools/${name}`, script);
  chmodSync(`${place.path}/tools/${name}`, 0o755);
}

/** With nothing on the PATH but the package's `tools`. */
async function launch(place: Temporary, program: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(program, args, {
    env: { PATH: `${place.path}/tools`, HOME: `${place.path}/home`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr, pid: child.pid ?? -1 };
}
