import { expect, test } from "vitest";
import { makeSession, roleOfSession, sessionName } from "./session.ts";
import { roleOfToken } from "./tokens.ts";

const tokens = { viewer: "v".repeat(43), operator: "o".repeat(43) };

test("a session is of the role that it was made for, until its end", () => {
  const { value, maxAgeS } = makeSession("viewer", tokens, 1000);
  expect(roleOfSession(value, tokens, 1000)).toBe("viewer");
  expect(roleOfSession(value, tokens, 1000 + maxAgeS * 1000 - 1)).toBe("viewer");
  expect(roleOfSession(value, tokens, 1000 + maxAgeS * 1000)).toBeNull();
});

test("a session that was changed anywhere is none", () => {
  const { value } = makeSession("viewer", tokens, 1000);
  const [role = "", endMs = "", signature = ""] = value.split(".");
  for (const forged of [
    `operator.${endMs}.${signature}`,
    `${role}.${Number(endMs) + 1}.${signature}`,
    `${role}.${endMs}.`,
    `${value}x`,
    "",
    ".",
  ])
    expect(roleOfSession(forged, tokens, 1000), forged).toBeNull();
});

test("a new token ends the sessions of its role, and those of the other stay", () => {
  const renewed = { ...tokens, operator: "n".repeat(43) };
  expect(roleOfSession(makeSession("operator", tokens, 0).value, renewed, 1)).toBeNull();
  expect(roleOfSession(makeSession("viewer", tokens, 0).value, renewed, 1)).toBe("viewer");
});

test("two daemons of one host have cookies of different names, which tell nothing of the token", () => {
  expect(sessionName(tokens)).not.toBe(sessionName({ ...tokens, viewer: "w".repeat(43) }));
  expect(makeSession("viewer", tokens, 0).value + sessionName(tokens)).not.toContain(tokens.viewer.slice(0, 8));
});

test("a token is of one role, or of none", () => {
  expect(roleOfToken(tokens.viewer, tokens)).toBe("viewer");
  expect(roleOfToken(tokens.operator, tokens)).toBe("operator");
  for (const wrong of ["", "v", tokens.viewer.slice(1), `${tokens.operator}x`]) expect(roleOfToken(wrong, tokens)).toBeNull();
});
