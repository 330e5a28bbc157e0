import { expect, test } from "vitest";
import { eventAfter } from "./event-time.ts";

const at = (text: string): bigint => BigInt(new Date(text).getTime()) * 1000n;

test("an event is later than the one before it, whatever the clock says and whoever wrote that", () => {
  const now = at("2026-02-03T04:05:06.000");
  expect(eventAfter(null, now)).toBe("2026-02-03 04:05:06.000000");
  expect(eventAfter("2026-02-03 04:05:05.999999", now)).toBe("2026-02-03 04:05:06.000000");
  expect(eventAfter("2026-02-03 04:05:06.000000", now)).toBe("2026-02-03 04:05:06.000001");
  // As `CURRENT_TIMESTAMP` has it: of another zone, and without a fraction.
  expect(eventAfter("2026-02-03 14:05:06", now)).toBe("2026-02-03 14:05:06.000001");
  expect(eventAfter("2026-12-31 23:59:59.999999", now)).toBe("2027-01-01 00:00:00.000000");
  expect(eventAfter("some day", now) > "some day").toBe(true);
});
