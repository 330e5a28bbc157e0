import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeOrigins } from "../support/origins.ts";
import { makeTemporary } from "../support/temporary.ts";
import { describeOrigin, expectCode, fetchWhole, rel } from "./origin.ts";

describeOrigin("a directory of this machine", { directories: true, links: true, modes: true }, async (directory) => {
  const origins = makeOrigins();
  return { origins, baseUrl: `file:${directory}`, [Symbol.asyncDispose]: () => origins[Symbol.asyncDispose]() };
});

describe("a directory of this machine", () => {
  it("is never left over a symlink", async () => {
    await using temporary = await makeTemporary();
    await using origins = makeOrigins();
    mkdirSync(`${temporary.path}/base`);
    mkdirSync(`${temporary.path}/outside`);
    writeFileSync(`${temporary.path}/outside/secret`, "secret");
    symlinkSync("../outside", `${temporary.path}/base/way`);
    const origin = origins.at(`file:${temporary.path}/base`);
    expect(await origin.look(rel("way/secret"))).toMatchObject({ kind: "gone" });
    await expectCode("source-changed", () => fetchWhole(origin, "way/secret"));
  });
});
