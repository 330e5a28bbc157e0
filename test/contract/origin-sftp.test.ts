import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeOrigins } from "../support/origins.ts";
import { childrenOf } from "../support/processes.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { waitUntil } from "../support/waiting.ts";
import { describeOrigin, expectCode, fetchWhole, rel } from "./origin.ts";

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

describeOrigin("a host by SFTP", { directories: true, links: true, modes: true }, async (directory) => {
  const origins = makeOrigins({ ssh: sshd.target.ssh });
  return { origins, baseUrl: `sftp://${sshd.hostAlias}${directory}`, [Symbol.asyncDispose]: () => origins[Symbol.asyncDispose]() };
});

describe("a host by SFTP", () => {
  it("takes /~/ for the remote home, and an escaped path for its bytes", async () => {
    await using origins = makeOrigins({ ssh: sshd.target.ssh });
    mkdirSync(join(sshd.home, "with space"));
    writeFileSync(join(sshd.home, "with space/a"), "at home");
    expect((await fetchWhole(origins.at(`sftp://${sshd.hostAlias}/~/`), "with space/a")).toString()).toBe("at home");
    expect((await fetchWhole(origins.at(`sftp://${sshd.hostAlias}/~/with%20space`), "a")).toString()).toBe("at home");
  });

  it("that cannot be reached is left alone for a while, and holds up nobody who fetches elsewhere", async () => {
    await using origins = makeOrigins({ ssh: sshd.target.ssh });
    writeFileSync(join(sshd.home, "here"), "here");
    const away = origins.at("sftp://no-such-host.invalid/somewhere");
    await expectCode("origin-unreachable", () => away.look(rel("a")));
    const before = performance.now();
    await expectCode("origin-unreachable", () =>
      away.open(rel("a"), { from: null, compared: false, windowBytes: 1 }, new AbortController().signal),
    );
    expect(performance.now() - before).toBeLessThan(400);
    expect((await fetchWhole(origins.at(`sftp://${sshd.hostAlias}/~/`), "here")).toString()).toBe("here");
  });

  it("is connected to again after the connection was lost, and tells whoever was reading", async () => {
    await using origins = makeOrigins({ ssh: sshd.target.ssh });
    writeFileSync(join(sshd.home, "large"), Buffer.alloc(64 * 1024 * 1024, "a"));
    const origin = origins.at(`sftp://${sshd.hostAlias}/~/`);
    const options = { from: null, compared: false, windowBytes: 256 * 1024 };
    await using file = await origin.open(rel("large"), options, new AbortController().signal);
    await expectCode("origin-lost", async () => {
      let cut = false;
      for await (const chunk of file.chunks) {
        if (!cut && chunk.length > 0) for (const pid of childrenOf(process.pid, "ssh")) process.kill(pid, "SIGKILL");
        cut = true;
      }
    });
    const bytes = await waitUntil("a new connection", () => fetchWhole(origin, "large").catch(() => null));
    expect(bytes.length).toBe(64 * 1024 * 1024);
  });

  it("tells of a file that cannot be read that it is that file, and not the host", async () => {
    await using origins = makeOrigins({ ssh: sshd.target.ssh });
    // Its first page is nobody's: the server's own memory can be opened, and not read there.
    await expectCode("source-unreadable", () => fetchWhole(origins.at(`sftp://${sshd.hostAlias}/proc/self`), "mem"));
    writeFileSync(join(sshd.home, "readable"), "readable");
    expect((await fetchWhole(origins.at(`sftp://${sshd.hostAlias}/~/`), "readable")).toString()).toBe("readable");
  });

  it("keeps no connection when all is over", async () => {
    const origins = makeOrigins({ ssh: sshd.target.ssh });
    await origins.at(`sftp://${sshd.hostAlias}/~/`).look(rel("a"));
    expect(childrenOf(process.pid, "ssh").length).toBeGreaterThan(0);
    await origins[Symbol.asyncDispose]();
    expect(childrenOf(process.pid, "ssh")).toEqual([]);
  });
});
