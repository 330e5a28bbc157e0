import { expect, test } from "vitest";
import { rel } from "../../../test/support/ledger.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { ManifestSettings } from "../settings.ts";
import { defaultPaths, manifestNames } from "./manifest-name.ts";

const names = (changes: Partial<ManifestSettings>, set = "16750"): { path: string; local: string } => {
  const settings = { format: "json", directory: null, path: "", instance: "smurf-sync-srv20", archive: "smurf", ...changes } as const;
  return manifestNames(
    { ...settings, path: changes.path ?? defaultPaths[settings.format] },
    { flow: "to_daq", set: rel(set), nowMs: 1_686_152_766_999 },
  );
};

test("SupRsync's names are those of its documentation, here and there", () => {
  expect(names({ format: "suprsync" })).toEqual({
    path: "16861/suprsync/smurf-sync-srv20/1686152766_smurf_16750_finalized.yaml",
    local: "16861/smurf-sync-srv20/1686152766_smurf_16750_finalized.yaml",
  });
});

test("other manifests stand beside their set, in the same place here and there", () => {
  expect(names({}, "runs/a b")).toEqual({ path: "runs/a b.manifest.json", local: "runs/a b.manifest.json" });
  expect(names({ format: "sums" }, "runs/7").path).toBe("runs/7.sums");
});

test("a set's name comes into the path byte by byte, whatever it looks like", () => {
  const set = "r\xff\n${flow}$&" as RelPath;
  expect(
    manifestNames(
      { format: "json", directory: null, path: "m/${flow}/${name}-${unix}", instance: null, archive: "é" },
      { flow: "f", set, nowMs: 0 },
    ).path,
  ).toBe(`m/f/${set}-0`);
});
