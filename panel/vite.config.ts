import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a running Weir. */
const weir = process.env['WEIR_URL'] ?? 'http://127.0.0.1:8000';

export default defineConfig(({ command }) => ({
  // Built pages work under any path; the development server shows them where Weir does.
  base: command === 'build' ? './' : '/panel/',
  resolve: {
    alias: [
      { find: /^react\/jsx-runtime$/, replacement: 'preact/jsx-runtime' },
      { find: /^react(-dom)?$/, replacement: 'preact/compat' },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // The content security policy knows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js is one large chunk, and only loaded when a player opens.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" speaks to server-side rendering; here all is client.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  server: { proxy: { '/proxy': weir, '/api': weir, '/ace': weir } },
  test: { include: ['src/**/*.test.ts'] },
}));
