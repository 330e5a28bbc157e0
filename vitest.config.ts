import { defineConfig } from "vitest/config";

const node = { pool: "forks" as const, environment: "node" };

/** The kinds of tests; `test/README.md` says what each may need and how long it may take. */
export default defineConfig({
  test: {
    // Fault tests mostly wait for other processes; on a machine of two cores two files at a time are still twice as fast.
    maxWorkers: Number(process.env["HOTDIR_TEST_WORKERS"] ?? 2),
    allowOnly: false,
    projects: [
      { test: { ...node, name: "unit", include: ["src/**/*.test.ts", "test/house/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { ...node, name: "property", include: ["test/property/**/*.test.ts"], testTimeout: 120_000 } },
      { test: { ...node, name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { ...node, name: "integration", include: ["test/integration/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { ...node, name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { ...node, name: "fault", include: ["test/fault/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 60_000 } },
    ],
  },
});
