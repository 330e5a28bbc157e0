import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorReference } from "../../scripts/error-reference.ts";
import { errorCodes } from "../../src/kernel/error-codes.ts";
import { filesOf, foldersOf, root, textOf } from "./sources.ts";

test("every folder of the program opens with a README", () => {
  const withSources = foldersOf("src").filter((folder) => folder !== "src" && filesOf(folder).length > 0);
  expect(withSources.filter((folder) => !existsSync(join(root, folder, "README.md")))).toEqual([]);
});

test("every error code is in the reference, which is as the table says (npm run reference)", () => {
  const page = textOf("docs/reference/errors.md");
  expect(Object.keys(errorCodes).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  expect(page).toBe(errorReference());
});

test("every test file that must run is there", () => {
  const listed = textOf("test/must-run.txt")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  expect(listed.length).toBeGreaterThan(5);
  expect(listed.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("links between the documents lead to files that are there", () => {
  const pages = [...filesOf("docs"), "README.md", "CONTRIBUTING.md", "CHANGELOG.md"].filter(
    (file) => file.endsWith(".md") && existsSync(join(root, file)),
  );
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !existsSync(join(root, page, "..", target)))
      .map((target) => `${page} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

test.each([
  ["README.md", "docs/guide"],
  ["docs/design/decisions/README.md", "docs/design/decisions"],
])("%s has the pages of %s in the order of their numbers, and each page has its number", (list, folder) => {
  const listed = [...textOf(list).matchAll(/^(\d+)\. \[[^\]]*\]\((?:docs\/guide\/)?(\d+)-[^)]*\)/gm)].map((match) => [
    Number(match[1]),
    Number(match[2]),
  ]);
  const pages = filesOf(folder).filter((file) => /\/\d+-[^/]*\.md$/.test(file));
  expect(listed).toEqual(pages.map((_, at) => [at + 1, at + 1]));
  for (const page of pages) expect(textOf(page)).toMatch(new RegExp(`^# ${/\/(\d+)-[^/]*$/.exec(page)![1]}\\. `));
});
