import { SuprsyncDatabase } from "../../suprsync/database.ts";
import { fileMd5 } from "../../suprsync/file-md5.ts";
import { checkArchive, checkLocalPath, checkMd5, checkRemotePath, register } from "../../suprsync/registration.ts";
import { createOption, secondsIn, type Tool } from "./tool.ts";

export const add: Tool = {
  usage: "add LOCAL REMOTE ARCHIVE [--md5 HEX] [--timestamp SECONDS] [--keep] [--create-db]",
  says: "adds one file; REMOTE is relative to the agent's --remote-basedir",
  options: {
    md5: { type: "string", value: "HEX", says: "of add: the file's MD5, which is then not read" },
    timestamp: { type: "string", value: "SECONDS", says: "of add: when it was added, since 1970 (default: now)" },
    keep: { type: "boolean", says: "of add: the agent never deletes it" },
    "create-db": createOption,
  },
  positionals: 3,
  async run({ values, positionals: [local = "", remote = "", archiveName = ""], database, json, waiting }, { stdout, signal }) {
    const [localPath, remotePath, archive] = [checkLocalPath(local), checkRemotePath(remote), checkArchive(archiveName)];
    const timestampS = secondsIn("add", values, "timestamp") ?? Date.now() / 1000;
    using opened = await SuprsyncDatabase.openForWriting(database, { create: values["create-db"] === true, ...waiting });
    const md5 = typeof values["md5"] === "string" ? checkMd5(values["md5"]) : (await fileMd5(localPath, signal)).md5;
    const deletable = values["keep"] !== true;
    const id = await opened.write((db) => register(db, { localPath, remotePath, archive, md5, timestampS, deletable }));
    if (json)
      stdout.write(`${JSON.stringify({ id, local_path: localPath, local_md5sum: md5, archive_name: archive, remote_path: remotePath })}\n`);
    else stdout.write(`Added ${localPath} to ${archive} as row ${id} (MD5 ${md5}); it goes to ${remotePath}\n`);
    return 0;
  },
};
