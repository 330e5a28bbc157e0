import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, textOf } from "../house/sources.ts";
import { makeSuprsyncUser } from "../support/suprsync-user.ts";

const tsc = join(root, "node_modules/.bin/tsc");

/** What `npm install hotdir` leaves, as far as `import "hotdir"` leads: emitted from this checkout as the build does. */
function installLibrary(project: string): void {
  const installed = `${project}/node_modules/hotdir`;
  mkdirSync(installed, { recursive: true });
  execFileSync(tsc, ["-p", join(root, "tsconfig.library.json"), "--emitDeclarationOnly", "false", "--outDir", `${installed}/dist`]);
  cpSync(join(root, "package.json"), `${installed}/package.json`);
  cpSync(join(root, "node_modules/@types"), `${project}/node_modules/@types`, { recursive: true });
  cpSync(join(root, "node_modules/undici-types"), `${project}/node_modules/undici-types`, { recursive: true });
  writeFileSync(`${project}/package.json`, JSON.stringify({ type: "module", dependencies: { hotdir: "*" } }));
}

/** The guide's own example: what it shows is what runs. */
function exampleOfGuide(): string {
  const [, text] = /```js\n(.*?)```/s.exec(textOf("docs/guide/16-coming-from-suprsync.md")) ?? [];
  if (text === undefined) throw new Error("the guide has no example of the library call");
  return text;
}

test("a program that installs the package adds files as the guide says, with types, and a producer of the original's finds the rows", async () => {
  await using user = await makeSuprsyncUser();
  await user.producer.create();
  const project = `${user.path}/project`;
  installLibrary(project);
  const file = user.write("16750/a.g3", "content");
  const example = exampleOfGuide().replaceAll("/data/so/dbs/suprsync.db", user.database).replaceAll("/data/smurf/16750/a.g3", file);
  expect(example).toContain(user.database);
  expect(example).toContain(file);
  writeFileSync(`${project}/add.mjs`, example);
  const printed = execFileSync(process.execPath, ["add.mjs"], { cwd: project, encoding: "utf8" });
  expect(printed).toBe("1 9a0364b9e99bb480dd25e1f0284c8555\n");
  const rows = await user.producer.rows();
  expect(rows).toMatchObject([{ id: 1, local_path: file, local_md5sum: "9a0364b9e99bb480dd25e1f0284c8555", deletable: 1, ignore: 0 }]);
  expect(await user.producer.timecodes()).toMatchObject([{ timecode: 16750 }]);

  const program = (line: string): string =>
    `import { addFile, type AddedFile } from "hotdir";\nconst added: AddedFile = await addFile(${line});\nconsole.log(added.id);\n`;
  const options = { cwd: project, encoding: "utf8", stdio: "pipe" } as const;
  const check = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  writeFileSync(
    `${project}/good.ts`,
    program(`{ database: "db", localPath: "a", remotePath: "b", archive: "c", timestamp: 5, deletable: false }`),
  );
  expect(execFileSync(tsc, [...check, "good.ts"], options)).toBe("");
  writeFileSync(`${project}/bad.ts`, program(`{ database: "db", localPath: "a", archive: "c" }`));
  expect(() => execFileSync(tsc, [...check, "bad.ts"], options)).toThrow(
    expect.objectContaining({ stdout: expect.stringContaining("Property 'remotePath' is missing") as string }) as Error,
  );
});
