// How the dashboard is bundled: a page, a script and a style sheet, all loaded from beside the page, so that it can be
// served below any address and under a Content-Security-Policy that allows nothing inline.
import { join } from 'node:path';
import { root } from './ensure-installed.mjs';

export const dashboard = {
  root: join(root, 'client', 'dashboard'),
  base: './',
  configFile: false,
  logLevel: 'warn',
  build: {
    outDir: join(root, 'dist', 'client', 'dashboard'),
    emptyOutDir: true,
    // The first versions with light-dark() and popovers, all of 2024 or before.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
};
