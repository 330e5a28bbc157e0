/**
 * Where the daemon's own time goes: `node bench/profile.ts small|large|mixed [none|sha256] [ROUND-TRIP-MS]`,
 * on tmpfs, under V8's sampling profiler, which slows it by some percent. The time of its ssh children is not in it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { renew } from "./contenders.ts";
import { readProfiles, type Spent } from "./cpu-profile.ts";
import { makeDataSet } from "./data-sets.ts";
import { startFarSide } from "./far-side.ts";
import { short, table } from "./figures.ts";
import { prepareHotdir, readDelivered } from "./hotdir.ts";
import { makePlace } from "./places.ts";

const [suite = "small", verify = "sha256", rttMs = "0"] = process.argv.slice(2);
if (suite !== "small" && suite !== "large" && suite !== "mixed") throw new Error(`${suite}: it can be small, large, mixed`);
if (verify !== "none" && verify !== "sha256") throw new Error(`${verify}: it can be none, sha256`);

using place = makePlace("shm");
await using farSide = await startFarSide(null);
const dataSet = makeDataSet(suite, join(place.directory, "data"), false);
const profiles = join(place.directory, "profiles");
mkdirSync(profiles);
const { hotdir, stateDirectory } = prepareHotdir({
  directory: join(place.directory, "work"),
  source: dataSet.whole.source,
  destination: renew(join(place.directory, "destination")),
  host: farSide.alias,
  sshConfigFile: await farSide.at(Number(rttMs)),
  verify,
  lanes: 8,
  env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
});
const startMs = performance.now();
hotdir.start("--until-idle", "--log-level", "warn");
const { status } = await hotdir.ended(300_000);
const wallMs = performance.now() - startMs;
if (status !== 0) throw new Error(`hotdir ended with ${String(status)}: ${hotdir.log()}`);
const { deliveringMs, methods } = readDelivered(stateDirectory);
console.log(
  `${dataSet.title}, verify ${verify}, round trip ${rttMs} ms: ${short(wallMs)} ms, delivering ${short(deliveringMs)} ms, ${JSON.stringify(methods)}`,
);
for (const { thread, wallMs: threadMs, idleMs, functions, files } of readProfiles(profiles)) {
  const rows = (spent: Spent[], rowsMax: number): string =>
    table(spent.slice(0, rowsMax).map(({ name, ms }) => [name, `${short(ms)} ms`, `${short((100 * ms) / threadMs)} %`]));
  console.log(`\nthread ${thread}: ${short(threadMs)} ms, of which ${short(idleMs)} ms waiting`);
  console.log(`by file of ours, with what it calls outside:\n${rows(files, 15)}`);
  console.log(`by function, in itself:\n${rows(functions, 25)}`);
}
