import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

export type Asset = {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer> | null;
  tag: string;
  immutable: boolean;
};

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

/** Where Vite leaves the page: beside the compiled program in the package, below the root in a checkout. */
export function pageDirectory(moduleUrl = import.meta.url): string {
  return fileURLToPath(new URL(extname(new URL(moduleUrl).pathname) === ".ts" ? "../../dist/page" : "../page", moduleUrl));
}

/** All files of the built page by the path that is asked for; nothing else can be had. Empty where it was not built. */
export function readAssets(directory: string): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  if (!existsSync(directory)) return assets;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const name = `/${relative(directory, file)}`;
    const bytes = new Uint8Array(readFileSync(file));
    assets.set(name === "/index.html" ? "/" : name, {
      type,
      bytes,
      gzipped: bytes.length > 1024 && !name.endsWith(".woff2") ? new Uint8Array(gzipSync(bytes, { level: 9 })) : null,
      tag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
      // Their names change with their content.
      immutable: name.startsWith("/assets/"),
    });
  }
  return assets;
}

export function assetResponse(asset: Asset, request: Request): Response {
  const headers = new Headers({
    "Content-Type": asset.type,
    ETag: asset.tag,
    Vary: "Accept-Encoding",
    "Cache-Control": asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.headers.get("if-none-match") === asset.tag) return new Response(null, { status: 304, headers });
  const gzip = asset.gzipped !== null && /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (gzip) headers.set("Content-Encoding", "gzip");
  return new Response(gzip ? asset.gzipped : asset.bytes, { headers });
}
