import { parseArgs } from "node:util";

export const suites = ["small", "large", "mixed", "latency", "queue", "scan"] as const;
export type Suite = (typeof suites)[number];
export type PlaceName = "shm" | "disk";

/** Where a suite runs: on which file system, and with how long a round trip to the far side. */
export type Scene = { place: PlaceName; rttMs: number };

export type Options = {
  suites: Suite[];
  scenes: Scene[];
  rounds: number;
  quick: boolean;
  list: boolean;
  /** null: what OpenSSH chooses by itself. */
  cipher: string | null;
  lanes: number;
};

export const help = `npm run bench -- [OPTIONS]
  --only LIST     of ${suites.join(",")} (default: all)
  --place LIST    of shm,disk
  --rtt LIST      of round trips in ms, 0 is straight (default for the places: shm at 0 and 50, disk at 0)
  --rounds N      runs of each tool; the median counts (default 3)
  --lanes N       hotdir's lanes at most (default 8)
  --cipher NAME   for all tools (default: OpenSSH's own choice)
  --quick         small amounts, on tmpfs: shows that it works, the figures mean nothing
  --list          what would be run
Results: a table, and .bench/DATE.json and .bench/DATE.txt.`;

/** Throws an Error with what is wrong. */
export function parseOptions(argv: string[]): Options | "help" {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: "string" },
      place: { type: "string" },
      rtt: { type: "string" },
      rounds: { type: "string" },
      lanes: { type: "string" },
      cipher: { type: "string" },
      quick: { type: "boolean" },
      list: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const quick = values.quick === true;
  return {
    suites: values.only === undefined ? [...suites] : words(values.only).map(asSuite),
    scenes: chooseScenes(values.place ?? (quick ? "shm" : undefined), values.rtt),
    rounds: count("rounds", values.rounds ?? (quick ? "1" : "3")),
    lanes: count("lanes", values.lanes ?? "8"),
    cipher: values.cipher ?? null,
    quick,
    list: values.list === true,
  };
}

/** A disk behind a long round trip tells nothing that tmpfs there does not, so it has to be asked for. */
function chooseScenes(place: string | undefined, rtt: string | undefined): Scene[] {
  const places = words(place ?? "shm,disk").map(asPlace);
  return places.flatMap((name) => {
    const roundTrips = rtt === undefined ? (name === "shm" || place !== undefined ? [0, 50] : [0]) : words(rtt).map(asMilliseconds);
    return roundTrips.map((rttMs) => ({ place: name, rttMs }));
  });
}

function words(list: string): string[] {
  return list.split(",").filter((word) => word !== "");
}

function asSuite(word: string): Suite {
  const suite = suites.find((candidate) => candidate === word);
  if (suite === undefined) throw new Error(`--only ${word}: it can be ${suites.join(", ")}`);
  return suite;
}

function asPlace(word: string): PlaceName {
  if (word !== "shm" && word !== "disk") throw new Error(`--place ${word}: it can be shm, disk`);
  return word;
}

function asMilliseconds(word: string): number {
  const rttMs = Number(word);
  if (!Number.isFinite(rttMs) || rttMs < 0 || rttMs > 2000) throw new Error(`--rtt ${word}: milliseconds from 0 to 2000`);
  return rttMs;
}

function count(name: string, word: string): number {
  const number = Number(word);
  if (!Number.isInteger(number) || number < 1 || number > 100) throw new Error(`--${name} ${word}: a whole number from 1 to 100`);
  return number;
}
