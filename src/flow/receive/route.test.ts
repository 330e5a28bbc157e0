import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AbsPath, bytesOfText, isRelPath, relPath, textOf } from "../../kernel/path.ts";
import type { Route, SubscribedSource } from "../settings.ts";
import { directoryFault } from "./route-directory.ts";
import { nameFault } from "./route-name.ts";
import { type Routed, routeOf } from "./route.ts";

const plain: Route = { accepts: true, pattern: null, into: "", mirror: true, strip: { kind: "none" }, flatten: null, name: null };

function sourceOf(some: Partial<SubscribedSource>): SubscribedSource {
  return {
    kind: "subscribed",
    root: "/" as AbsPath,
    accept: [],
    reject: [],
    settle: { kind: "quiet", quietMs: 0 },
    rescanMs: 600_000,
    propagate: new Set(),
    subscription: {
      broker: { url: "amqp://u@hub/", credentialsFile: "/c" as AbsPath, caFile: null },
      exchange: "xs_u",
      topicPrefix: ["v03"],
      subtopics: ["#"],
      queue: "q_u.x",
      durable: true,
      expireMs: null,
      messageTtlMs: null,
      declare: true,
      prefetch: 50,
      priority: 0,
    },
    base: "url",
    match: "url",
    routes: [],
    unmatched: plain,
    ssh: ["ssh"],
    duplicatesMs: 0,
    ...some,
  };
}

/** 2026-11-22 10:20:30 where this runs. */
const published = new Date(2026, 10, 22, 10, 20, 30);
const pubTimeNs = BigInt(published.getTime()) * 1_000_000n;

function routed(source: Partial<SubscribedSource>, path: string, baseUrl = "file:", announcer: string | null = "src"): Routed {
  return routeOf(sourceOf(source), { relPath: relPath(bytesOfText(path)), baseUrl, source: announcer, pubTimeNs });
}

function goesTo(route: Partial<Route>, path: string, baseUrl?: string): string {
  const to = routed({ routes: [{ ...plain, pattern: /.*/u, ...route }] }, path, baseUrl);
  return to.ok ? textOf(to.path) : `(${to.reason})`;
}

describe("a path as sr3 places it", () => {
  test.each<[what: string, route: Partial<Route>, path: string, to: string]>([
    ["mirrored", {}, "a/b/f.txt", "a/b/f.txt"],
    ["into a directory", { into: "dest" }, "home/bob/1stfile", "dest/home/bob/1stfile"],
    ["mirror off", { into: "dest", mirror: false }, "home/bob/1stfile", "dest/1stfile"],
    ["strip", { strip: { kind: "count", count: 1 } }, "home/bob/d/1stfile", "bob/d/1stfile"],
    ["strip of all directories", { strip: { kind: "count", count: 3 } }, "home/bob/d/1stfile", "1stfile"],
    ["strip of more than there are", { strip: { kind: "count", count: 9 } }, "home/bob/d/1stfile", "home/bob/d/1stfile"],
    ["strip by an expression", { strip: { kind: "expression", expression: /.*?bob\//u } }, "home/bob/d/1stfile", "d/1stfile"],
    ["an expression that takes the name as well", { strip: { kind: "expression", expression: /.*/u } }, "home/bob/1stfile", "1stfile"],
    ["an expression that is not there", { strip: { kind: "expression", expression: /^x\//u } }, "home/bob/1stfile", "home/bob/1stfile"],
    [
      "a base that is cut",
      { into: "dest", strip: { kind: "expression", expression: /^home\/bob\//u } },
      "home/bob/d/1stfile",
      "dest/d/1stfile",
    ],
    ["flatten keeps the directories", { flatten: "-" }, "home/bob/d/1stfile", "home/bob/d/home-bob-d-1stfile"],
    ["flatten without mirror", { flatten: "-", mirror: false }, "home/bob/d/1stfile", "home-bob-d-1stfile"],
    ["strip before flatten", { flatten: "_", mirror: false, strip: { kind: "count", count: 2 } }, "home/bob/d/1stfile", "d_1stfile"],
    [
      "groups, dates and who announced",
      { pattern: /.*\/(\w+)\/1st.*/u, into: "${%Y}/${1}/${SOURCE}" },
      "home/bob/d/1stfile",
      "2026/d/src/home/bob/d/1stfile",
    ],
    ["a name", { name: "DESTFN=new" }, "home/bob/d/1stfile", "home/bob/d/new"],
    ["the first part of a name", { name: "WHATFN" }, "home/d/a:b:c", "home/d/a"],
    ["no directory at all", { mirror: false, into: "/" }, "a/f", "f"],
  ])("%s", (_what, route, path, to) => {
    expect(goesTo(route, path)).toBe(to);
  });

  test("dates are of the publishing, in local time, and may be moved", () => {
    const dates = "${YYYYMMDD}/${YYYY}-${MM}-${DD}T${HH}/${JJJ}/${YYYYMMDD-1d}/${%o-1h%H%M}/${%o+2d%F}/${%j_%b_%A}";
    expect(goesTo({ into: dates }, "f")).toBe("20261122/2026-11-22T10/326/20261121/0920/2026-11-24/326_Nov_Sunday/f");
  });

  test("the path of the base URL", () => {
    expect(goesTo({ into: "${BUP}" }, "q/a.nc", "file:/home/bob")).toBe("home/bob/q/a.nc");
    expect(goesTo({ into: "x/${BUPL}" }, "q/a.nc", "sftp://me@far:22/data/out")).toBe("x/out/q/a.nc");
    expect(goesTo({ into: "x/${baseUrlPath}" }, "a.nc", "sftp://far")).toBe("x/a.nc");
  });
});

describe("names of bulletins", () => {
  const bulletin = "SACN04_CWAO_140251:SYS:CWAO:SA:1:Direct:20180404140433";
  test.each<[rule: string, name: string, made: string]>([
    ["HEADFN", "SACN04_CWAO_140251_RRA:x", "SACN04_CWAO"],
    ["NONE", bulletin, "SACN04_CWAO_140251:SYS:CWAO:SA:1:Direct"],
    ["NONE", "a:b:c:d:ee:f:g", "a:b:c:d:ee"],
    ["NONE", "a:b:SENDER=x:c", "a:b"],
    ["NONESENDER", "a:b:SENDER=x:c", "a:b:SENDER=x"],
    ["SENDER", "a:b:SENDER=x:c", "x"],
    ["SENDER", "a:b", "a:b"],
    ["WHATFN:TIME", bulletin, "SACN04_CWAO_140251:20180404140433"],
    ["DESTFN=n:SATNET=e,s", "a", "n:SATNET=e,s"],
    ["None", "a:b", "a:b"],
  ])("%s of %s", (rule, name, made) => {
    expect(nameFault(rule)).toBeNull();
    expect(goesTo({ name: rule }, name)).toBe(made);
  });

  test("a time that it does not have is that of the publishing", () => {
    const utc = published.toISOString().replaceAll(/\D/g, "").slice(0, 14);
    expect(goesTo({ name: "NONE:TIME" }, "d/a")).toBe(`d/a:${utc}`);
  });

  test("a rule that makes no name refuses the file", () => {
    expect(goesTo({ name: "WHATFN" }, "d/:x")).toBe("(its route's name WHATFN makes no file name of it)");
    expect(goesTo({ name: "SENDER" }, "d/SENDER=..:x")).toContain("makes no file name");
    expect(nameFault("WHATFM")).toContain("WHATFM is none of WHATFN");
  });
});

describe("what is wanted", () => {
  const lines = (...routes: Route[]): Partial<SubscribedSource> => ({ routes, unmatched: null });

  test("the first line that matches decides, from the start of the URL", () => {
    const routes = lines(
      { ...plain, accepts: false, pattern: /.*\.tmp$/u },
      { ...plain, pattern: /.*\/log\/.*/u, into: "logs" },
      { ...plain, pattern: /nc$/u, into: "never" },
      { ...plain, pattern: /file:\/home\/bob\/.*\.nc/u, into: "results" },
    );
    expect(routed(routes, "log/a.tmp", "file:/home/bob")).toEqual({ ok: false, reason: "the route that rejects .*\\.tmp$" });
    expect(routed(routes, "log/a.nc", "file:/home/bob")).toEqual({ ok: true, path: "logs/log/a.nc" });
    expect(routed(routes, "x/a.nc", "file:/home/bob/")).toEqual({ ok: true, path: "results/x/a.nc" });
    expect(routed(routes, "x/a", "file:/home/bob")).toEqual({ ok: false, reason: "no route matches it" });
    expect(routed({ ...routes, unmatched: { ...plain, into: "rest" } }, "x/a", "file:/home/bob")).toEqual({ ok: true, path: "rest/x/a" });
  });

  test("on paths they match anywhere, and accept and reject stand before them", () => {
    const source: Partial<SubscribedSource> = { match: "path", accept: [/\.nc$/u, /^keep\//u], reject: [/(^|\/)\./u] };
    expect(routed(source, "a/b.nc")).toEqual({ ok: true, path: "a/b.nc" });
    expect(routed(source, "keep/x")).toEqual({ ok: true, path: "keep/x" });
    expect(routed(source, "a/.b.nc")).toEqual({ ok: false, reason: "reject (^|\\/)\\." });
    expect(routed(source, "a/b")).toEqual({ ok: false, reason: "no accept matches it" });
    expect(routed({ match: "url", accept: [/\.nc$/u] }, "a/b.nc").ok).toBe(false);
  });

  test("a name that is no text is matched and stripped as far as it is one", () => {
    const path = relPath(bytesOfText("d/é").concat("\xff\xfe.nc") as ReturnType<typeof bytesOfText>);
    const told = { relPath: path, baseUrl: "file:", source: null, pubTimeNs };
    const route: Route = { ...plain, pattern: /.*\.nc$/u, strip: { kind: "expression", expression: /^d\//u } };
    expect(routeOf(sourceOf({ routes: [route] }), told)).toEqual({ ok: true, path: path.slice(2) });
  });

  test("what a variable lacks refuses the file, and is found in a configuration before", () => {
    expect(routed({ routes: [{ ...plain, into: "${SOURCE}" }] }, "f", "file:", null)).toEqual({
      ok: false,
      reason: "its route has no ${SOURCE}",
    });
    expect(goesTo({ into: "${2}" }, "f")).toBe("(its route has no ${2})");
    expect(directoryFault("a/${2}", 1)).toBe("${2}: the pattern has 1 groups");
    expect(directoryFault("${NOPE}", 0)).toBe("${NOPE} is nothing that a route knows");
    expect(directoryFault("${%Q}", 0)).toBe("${%Q} is nothing that a route knows");
    expect(directoryFault("${%o-1h%Y}/${YYYYMMDD-1d}/${BUP}/${1}", 1)).toBeNull();
    expect(directoryFault("a/../b", 0)).toBe("it leads out of the destination");
  });
});

test("nothing leads out of the destination, whatever a message says", () => {
  const part = fc.constantFrom("a", "..", ".", "b:c", "SENDER=..", "~", "%2e%2e", "é", "");
  const path = fc
    .array(part, { minLength: 1, maxLength: 5 })
    .map((parts) => parts.filter((one) => one !== "" && one !== "." && one !== "..").join("/"))
    .filter((text) => text !== "");
  const url = fc.array(part, { maxLength: 4 }).map((parts) => `sftp://far/${parts.join("/")}`);
  const route = fc.record<Route>({
    accepts: fc.constant(true),
    pattern: fc.constantFrom(null, /.*/u, /sftp:\/\/far\/(.*)/u),
    into: fc.constantFrom("", "x", "${BUP}", "${BUPL}/y", "${SOURCE}", "${1}", "/z/", "${%Y}"),
    mirror: fc.boolean(),
    strip: fc.constantFrom<Route["strip"]>(
      { kind: "none" },
      { kind: "count", count: 1 },
      { kind: "expression", expression: /[ab/]+/u },
      { kind: "expression", expression: /^.*\//u },
    ),
    flatten: fc.constantFrom(null, "-", ".", "..", "/"),
    name: fc.constantFrom(null, "WHATFN", "SENDER", "NONE", "DESTFN=..", "DESTFN=a/../../b", "TIME"),
  });
  let led = 0;
  fc.assert(
    fc.property(route, path, url, fc.constantFrom(null, "src", "../..", "/etc"), (one, text, baseUrl, announcer) => {
      const to = routed({ routes: [one] }, text, baseUrl, announcer);
      if (!to.ok) return;
      led++;
      expect(isRelPath(to.path), to.path).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect(led).toBeGreaterThan(500);
});
