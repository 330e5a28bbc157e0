import { expect, test } from "vitest";
import { errorCodes } from "./error-codes.ts";
import { errnoOf, hasCode, HotdirError, messageOf } from "./errors.ts";
import { type Bytes } from "./path.ts";

test("an error tells in one line what was being done, where, and what happened", () => {
  const error = new HotdirError("connection-lost", { operation: "write", host: "hub", path: "in/a\nb" as Bytes, detail: "ssh exit 255" });
  expect(error.message).toBe("write hub:in/a\\nb: the connection was lost (ssh exit 255)");
  expect(error.scope).toBe("connection");
});

test("every code says something, and only the unclear is without a place to act", () => {
  for (const [code, { scope, says }] of Object.entries(errorCodes)) {
    expect(says, code).toMatch(/^[a-z].*[^.]$/);
    expect(["file", "connection", "destination", "origin", "unclear", "daemon"]).toContain(scope);
  }
});

test("an outage is never the file's fault", () => {
  for (const code of [
    "unreachable",
    "login-refused",
    "host-key-changed",
    "too-many-connections",
    "destination-full",
    "connection-lost",
  ] as const) {
    expect(errorCodes[code].scope).not.toBe("file");
    expect(errorCodes[code].retry).toBe("backoff");
  }
});

test("codes and errnos are recognised only on what carries them", () => {
  expect(hasCode(new HotdirError("exists", { operation: "x" }), "not-found", "exists")).toBe(true);
  expect(hasCode(Object.assign(new Error("no"), { code: "exists" }), "exists")).toBe(false);
  expect(errnoOf(Object.assign(new Error("no"), { code: "ENOENT" }))).toBe("ENOENT");
  expect([errnoOf("ENOENT"), errnoOf(new Error("no")), messageOf("text")]).toEqual([undefined, undefined, "text"]);
});
