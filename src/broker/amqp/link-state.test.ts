import { expect, test } from "vitest";
import { asksForAPerson, troubleOf } from "./link-state.ts";

test("each ending of a connection is told by what ended it", () => {
  const of = (message: string, established: boolean, code?: string): string =>
    troubleOf(Object.assign(new Error(message), code === undefined ? {} : { code }), established).trouble;
  expect(of("connect ECONNREFUSED 127.0.0.1:5672", false, "ECONNREFUSED")).toBe("unreachable");
  expect(of("getaddrinfo ENOTFOUND hub", false, "ENOTFOUND")).toBe("unreachable");
  expect(of("Socket closed abruptly during opening handshake", false)).toBe("unreachable");
  expect(of("read ECONNRESET", true, "ECONNRESET")).toBe("lost");
  expect(of("Heartbeat timeout", true)).toBe("lost");
  expect(of('Connection closed: 320 (CONNECTION-FORCED) with message "shutdown"', true)).toBe("closed-by-broker");
  expect(of('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "no"', false)).toBe("login-refused");
  expect(of("Expected ConnectionOpenOk; got <ConnectionClose channel:0>", false)).toBe("vhost-refused");
  expect(of("self-signed certificate", false, "DEPTH_ZERO_SELF_SIGNED_CERT")).toBe("certificate-refused");
  expect(of("unable to verify", false, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toBe("certificate-refused");
});

test("what only a person can mend is known, and no password is in what is told", () => {
  expect(asksForAPerson({ trouble: "login-refused", detail: "" })).toBe(true);
  expect(asksForAPerson({ trouble: "lost", detail: "" })).toBe(false);
  expect(troubleOf(new Error("cannot reach amqp://ada:hunter22@hub"), false).detail).not.toContain("hunter22");
});
