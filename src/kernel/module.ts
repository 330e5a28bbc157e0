import { extname } from "node:path";

/** The URL of a module beside another, `.ts` in a checkout and `.js` in the package: for worker threads, whose file names no compiler rewrites. */
export function siblingModule(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${extname(new URL(importMetaUrl).pathname)}`, importMetaUrl);
}
