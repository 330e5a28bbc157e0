import { openLocalFiles } from "../../src/flow/send/local/files.ts";
import { describeFiles } from "./files.ts";

describeFiles("local", async () => {
  const files = openLocalFiles();
  return { files, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
});
