import { expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { flowSettings, put, rel } from "../../../test/support/ledger.ts";
import type { Bytes } from "../../kernel/path.ts";
import { pubTimeOf } from "../ledger/announcements.ts";
import type { PublishSettings } from "../settings.ts";
import { announcementOf } from "./announcement.ts";

const settings = flowSettings();
const known = { digest: { algorithm: "sha512", hex: "00" }, content: null } as const;
const to = (changes: Partial<PublishSettings> = {}): { publish: PublishSettings; settings: typeof settings } => ({
  publish: publishSettings({ baseUrl: "sftp://hub/in", ...changes }),
  settings,
});
const owed = { transfer: 7, seenAtMs: 1_798_804_800_123, cameBy: null, change: put("d/a") };

test("a new message has the time of its row, to the millisecond, and in it the place in the ledger", () => {
  const announced = announcementOf(owed, known, to());
  expect(announced).toEqual({
    change: put("d/a"),
    ...known,
    pubTimeNs: 1_798_804_800_123_000_007n,
    ownPubTimeNs: 1_798_804_800_123_000_007n,
    baseUrl: "sftp://hub/in",
    passedOn: null,
    preserve: { mode: true, mtime: true },
  });
  expect(pubTimeOf({ ...owed, transfer: 8 })).toBeGreaterThan(announced.pubTimeNs);
});

test("a message that is passed on keeps its time, and its base where no other is asked for", () => {
  const cameBy = { pubTimeNs: 5n, baseUrl: "file:/lab", body: Buffer.from("{}") };
  expect(announcementOf({ ...owed, cameBy }, known, to())).toMatchObject({
    pubTimeNs: 5n,
    baseUrl: "sftp://hub/in",
    passedOn: cameBy.body,
  });
  expect(announcementOf({ ...owed, cameBy }, known, to({ baseUrl: null })).baseUrl).toBe("file:/lab");
});

test("without any base a path is told of below the source", () => {
  expect(announcementOf(owed, known, to({ baseUrl: null })).baseUrl).toBe("file:/source");
});

test("what is told of a mode is the one at the destination, where that is changed", () => {
  const chmod = { text: "D2770,F660", clauses: [{ kind: "octal", mode: 0o2770, files: false, directories: true } as const] };
  const { publish } = to();
  const changing = { publish, settings: flowSettings({ destination: { ...settings.destination, chmod } }) };
  const change = { kind: "mkdir", path: rel("d"), mode: 0o755 } as const;
  expect(announcementOf({ ...owed, change }, known, changing).change).toEqual({ ...change, mode: 0o2770 });
  expect(announcementOf(owed, known, changing).change).toEqual(put("d/a"));
});

test("the prefix stands before the path, and before the old name of what was renamed", () => {
  const change = { kind: "rename", path: rel("b"), from: rel("a"), directory: false, version: null, mode: 0o644 } as const;
  const { change: told } = announcementOf({ ...owed, change }, known, to({ pathPrefix: "home/bob" as Bytes }));
  expect(told).toMatchObject({ path: "home/bob/b", from: "home/bob/a" });
});
