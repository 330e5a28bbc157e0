import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What is bundled keeps its licence beside it. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const texts = ["preact", "uplot", "@fontsource-variable/inter"].map(
        (name) => `${name}\n\n${readFileSync(at(`node_modules/${name}/LICENSE`), "utf8")}`,
      );
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n\n----\n\n") });
    },
  };
}

export default defineConfig({
  root: at("web"),
  base: "/",
  plugins: [licences()],
  build: {
    outDir: process.env["HOTDIR_PAGE_DIRECTORY"] ?? at("dist/page"),
    emptyOutDir: true,
    target: "es2022",
    // Nothing is written into the HTML or the styles: the server's policy would not let it run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
