import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, loadEnv } from "vite";

/** The policy that the hub sends with every page; the development server sends the same one. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

// The hub takes changes from its own origin only, and the development server has another one.
const toHub = (hub: URL) => ({
  // Node asks the system for addresses, which need not know names below localhost.
  target: hub.origin.replace("//layerlock.localhost", "//localhost"),
  secure: false,
  headers: { host: hub.host, origin: hub.origin },
});

export default defineConfig(({ mode }) => {
  // The hub that `npm run dev` talks to.
  const hub = toHub(new URL(loadEnv(mode, ".", "HUB").HUB || "https://layerlock.localhost:3443"));
  return {
    plugins: [svelte()],
    build: {
      // A folder elsewhere may be asked for with --outDir.
      emptyOutDir: true,
      // Everything is a file of its own: the policy allows no inline script and no data: script.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      cssCodeSplit: false,
      reportCompressedSize: false,
    },
    server: {
      host: "127.0.0.1",
      headers: { "Content-Security-Policy": contentSecurityPolicy },
      // The overlay styles itself in a way that the policy refuses; errors are on the terminal.
      hmr: { overlay: false },
      proxy: { "/api": hub, "/open": hub },
    },
  };
});
