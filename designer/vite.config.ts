import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The server the development page talks to; the built page talks to whoever served it.
const server = process.env.TAKTFLOW_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig({
  root: here("."),
  base: "/",
  cacheDir: here("../node_modules/.vite"),
  plugins: [react()],
  resolve: {
    alias: {
      "@rjsf/validator-ajv8": here("src/forms/no-compiling-validator.ts"),
      "@": here("src"),
    },
  },
  build: {
    outDir: here("../engine/taktflow/api/static"),
    emptyOutDir: true,
    target: "es2022",
    // antd with the form library is one lazy part of this size; everything else stays far below.
    chunkSizeWarningLimit: 1200,
  },
  server: { host: "127.0.0.1", port: 5173, proxy: { "/api": server, "/hooks": server } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: [here("src/testing.ts")],
    testTimeout: 30_000,
    // Two workers at most: the house builds on machines with two cores.
    maxWorkers: 2,
    css: false,
    server: { deps: { inline: [/@rjsf/] } },
  },
});
