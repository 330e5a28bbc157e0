import { describe, expect, test } from "vitest";
import { HotdirError } from "../../kernel/errors.ts";
import { bytesOfText, type RelPath } from "../../kernel/path.ts";
import { readBaseUrl, requestPath } from "./base-url.ts";

describe("a base URL", () => {
  test.each([
    ["file:/home/bob/to_hpfx", { kind: "file", directory: "/home/bob/to_hpfx" }],
    ["file:", { kind: "file", directory: "/" }],
    ["file:/", { kind: "file", directory: "/" }],
    ["file:///a/./b//c/", { kind: "file", directory: "/a/b/c" }],
    ["file:/100%41", { kind: "file", directory: "/100%41" }],
    ["sftp://hpfx", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "/" }],
    [
      "sftp://pas037@hpfx.example.org:2222/on_hpfx",
      { kind: "sftp", host: "hpfx.example.org", user: "pas037", port: 2222, directory: "/on_hpfx" },
    ],
    ["sftp://hpfx//home/pas037/on_hpfx/", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "/home/pas037/on_hpfx" }],
    ["sftp://hpfx/~/on_hpfx", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "on_hpfx" }],
    ["sftp://hpfx/~", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "" }],
    ["sftp://hpfx/a%20b", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "/a b" }],
    ["sftp://[::1]:22/a", { kind: "sftp", host: "::1", user: null, port: 22, directory: "/a" }],
    ["SFTP://hpfx/a", { kind: "sftp", host: "hpfx", user: null, port: null, directory: "/a" }],
    ["http://dd.example.org/today/", { kind: "http", tls: false, host: "dd.example.org", port: null, user: null, prefix: "/today" }],
    ["https://bob@dd.example.org:8443", { kind: "http", tls: true, host: "dd.example.org", port: 8443, user: "bob", prefix: "" }],
    ["http://h/with space/é", { kind: "http", tls: false, host: "h", port: null, user: null, prefix: "/with%20space/%C3%A9" }],
  ])("%s is a place", (text, place) => {
    expect(readBaseUrl(text)).toEqual(place);
  });

  test.each([
    "",
    "/home/bob",
    "hpfx://bob@there/",
    "ftp://there/a",
    "sftp://",
    "sftp:/a",
    "sftp://-oProxyCommand=touch%20owned/a",
    "sftp://-oProxyCommand=x@host/a",
    "sftp://host;touch owned/a",
    "sftp://$(touch owned)/a",
    "sftp://`id`@host/a",
    "sftp://a b/c",
    "sftp://host/a/../../etc",
    "sftp://host/%2e%2e/etc",
    "sftp://host/a%00b",
    "sftp://host:99999/a",
    "http://host/../etc",
    "http://host/%2e%2e/etc",
    "http://host/a?b",
    "http://host/a#b",
    "http://host\\@evil/a",
    "http://host/a\r\nHost: evil",
    `sftp://${"a".repeat(9000)}/`,
  ])("%s is none", (text) => {
    expect(() => readBaseUrl(text)).toThrow(HotdirError);
  });

  test("that holds a password is not repeated", () => {
    for (const text of ["sftp://bob:s3cret@-x/a", "http://bob:s3cret@a b/", "gopher://bob:s3cret@a/"]) {
      expect(() => readBaseUrl(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining("s3cret") as string }) as Error,
      );
    }
    expect(JSON.stringify(readBaseUrl("sftp://bob:s3cret@host/a"))).not.toContain("s3cret");
  });
});

test("a path is asked for by its bytes", () => {
  expect(requestPath("/base", "a b/c%2e/é".normalize() as RelPath)).toBe("/base/a%20b/c%252e/%E9");
  expect(requestPath("", bytesOfText("é?#&=+") as RelPath)).toBe("/%C3%A9%3F%23%26%3D%2B");
  expect(requestPath("", "not-utf8-\u00ff" as RelPath)).toBe("/not-utf8-%FF");
});
