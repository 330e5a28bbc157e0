import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDestinationUrl } from "./destination-url.ts";

const sftp = { kind: "sftp", user: null, port: null };

describe("a destination URL", () => {
  it.each([
    ["sftp://hpfx/~/on_hpfx", { ...sftp, host: "hpfx", directory: "on_hpfx" }],
    ["sftp://hpfx/~", { ...sftp, host: "hpfx", directory: "" }],
    ["sftp://hpfx/~/", { ...sftp, host: "hpfx", directory: "" }],
    ["sftp://hpfx/", { ...sftp, host: "hpfx", directory: "/" }],
    ["sftp://bob@hub:2222/data//in/./x/", { kind: "sftp", host: "hub", user: "bob", port: 2222, directory: "/data/in/x" }],
    ["sftp://bob%40realm@hub/d", { ...sftp, host: "hub", user: "bob@realm", directory: "/d" }],
    ["sftp://[fe80::1%25eth0]:22/d", { ...sftp, host: "fe80::1%eth0", port: 22, directory: "/d" }],
    ["sftp://h/a%20b%FF", { ...sftp, host: "h", directory: "/a b\xff" }],
    ["sftp://h/\u00e9", { ...sftp, host: "h", directory: "/\xc3\xa9" }],
    ["sftp://h/%7Ebob", { ...sftp, host: "h", directory: "/~bob" }],
    ["file:/mnt/a", { kind: "file", from: "configuration", directory: "/mnt/a" }],
    ["file:///mnt/a%20b", { kind: "file", from: "configuration", directory: "/mnt/a b" }],
    ["file://localhost/mnt", { kind: "file", from: "configuration", directory: "/mnt" }],
    ["file:~/out", { kind: "file", from: "home", directory: "out" }],
    ["file:%7E/out", { kind: "file", from: "configuration", directory: "~/out" }],
    ["file:../out", { kind: "file", from: "configuration", directory: "../out" }],
  ])("%s is read", (text, value) => {
    expect(parseDestinationUrl(text)).toEqual({ ok: true, value });
  });

  it.each([
    ["bob@hub:in", "sftp://bob@hub/~/in"],
    ["hub:/data", "sftp://hub/data"],
    ["scp://bob@hub/x", "sftp://bob@hub/x"],
    ["ssh://hub/x", "sftp://hub/x"],
    ["sftp://hub", "sftp://hub/~/"],
    ["sftp://hub/~bob/x", "sftp://hub/%7Ebob/x"],
    ["/data/out", "file:/data/out"],
    ["file://data/out", "file:/data/out"],
  ])("%s is refused, and %s is suggested", (text, suggestion) => {
    expect(parseDestinationUrl(text)).toMatchObject({ ok: false, suggestion });
    expect(parseDestinationUrl(suggestion)).toMatchObject({ ok: true });
  });

  it.each([
    "",
    "sftp:",
    "sftp:///x",
    "sftp://-oProxyCommand=x/d",
    "sftp://-x@h/d",
    "sftp://h:0/d",
    "sftp://h:70000/d",
    "sftp://h:dir",
    "sftp://h h/d",
    "sftp://h/a/../b",
    "sftp://h/a%2f..%2fb",
    "sftp://h/%00",
    "sftp://h/%zz",
    "sftp://h/a?b",
    "sftp://h/a#b",
    "sftp://[nope]/d",
    "file:",
    "http://h/d",
  ])("%j is refused", (text) => {
    expect(parseDestinationUrl(text).ok).toBe(false);
  });

  it("with a password is refused in words that do not repeat it, wherever it stands", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!$%&*+,=?#/@:~ .-]{8,20}$/);
    fc.assert(
      fc.property(fc.constantFrom("sftp://bob:", "sftp://:", "ssh://bob:", "scp://a:", "file://b:"), secret, (before, password) => {
        const parsed = parseDestinationUrl(`${before}${password}@host/dir`);
        expect(parsed.ok).toBe(false);
        expect(JSON.stringify(parsed)).not.toContain(password);
      }),
    );
  });

  it("is read or refused, whatever it is, and never throws", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "sftp://", "file:", "sftp://h/"), fc.string({ unit: "binary" }), (scheme, text) => {
        expect(parseDestinationUrl(scheme + text).ok).toBeTypeOf("boolean");
      }),
      { numRuns: 1000 },
    );
  });
});
