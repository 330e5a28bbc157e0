import { expect, test } from "vitest";
import { bytesOfText } from "../kernel/path.ts";
import { describePlace } from "./place-name.ts";

const at = (directory: string): string =>
  describePlace({
    place: { kind: "sftp", host: "cluster", user: "me", port: 2222, directory: bytesOfText(directory), ssh: ["ssh"], compress: false },
  });

test("a destination is shown as it is written, and cannot forge a line", () => {
  expect(at("/data/été")).toBe("sftp://me@cluster:2222/data/été");
  expect(at("inbox")).toBe("sftp://me@cluster:2222/~/inbox");
  expect(at("")).toBe("sftp://me@cluster:2222/~/");
  expect(at("a\nb")).toBe("sftp://me@cluster:2222/~/a\\nb");
});
