import { defineConfig } from "vite";

// `npm run dev` serves the source and sends calls to a running `revenge serve`.
const server = "http://localhost:8420";

export default defineConfig({
  build: {
    outDir: "dist",
    target: "es2022",
    // The content security policy allows no inline script and no data: font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: server, changeOrigin: true }, "/readyz": server } },
});
