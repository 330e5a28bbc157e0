import { expect, test } from "vitest";
import { digestOf, guaranteeOf } from "./guarantee.ts";
import type { FlowSettings } from "./settings.ts";

const flow = (verify: string, durable: string, retain: string, place = "sftp"): FlowSettings =>
  ({ destination: { place: { kind: place }, verify, durable }, retain: { kind: retain } }) as unknown as FlowSettings;

test("the guarantee follows from what is verified and what is made durable", () => {
  expect(guaranteeOf(flow("sha256", "auto", "keep"))).toBe("verified");
  expect(guaranteeOf(flow("md5", "auto", "delete"))).toBe("verified+durable");
  expect(guaranteeOf(flow("sha256", "always", "keep"))).toBe("verified+durable");
  expect(guaranteeOf(flow("sha256", "never", "hold"))).toBe("verified");
  expect(guaranteeOf(flow("size", "always", "keep"))).toBe("size only");
  expect(guaranteeOf(flow("none", "always", "keep"))).toBe("unverified");
});

test("a flow that publishes proves nothing of bytes, whatever digest its messages carry", () => {
  expect(guaranteeOf(flow("sha512", "always", "keep", "publish"))).toBe("announced");
  expect(digestOf(flow("sha512", "always", "keep", "publish"))).toBeNull();
});

test("a destination that cannot sync makes no durable guarantee", () => {
  expect(guaranteeOf(flow("sha256", "always", "keep"), false)).toBe("verified");
  expect([digestOf(flow("sha512", "auto", "keep")), digestOf(flow("size", "auto", "keep"))]).toEqual(["sha512", null]);
});
