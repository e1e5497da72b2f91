'use strict';
// node bundle.js ENTRY OUT NAME=FILE…: bundles a program of these, with what its names stand for; for Node where OUT
// ends in .mjs, and else for browsers.
const path = require('node:path');
const { build } = require('esbuild');

const [entry, outfile, ...names] = process.argv.slice(2);
const forNode = {
  platform: 'node',
  format: 'esm',
  external: ['jsdom'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
};
const define = { global: 'window', 'process.env.NODE_ENV': '"production"' };
const forBrowsers = { platform: 'browser', format: 'iife', define };
build({
  entryPoints: [entry],
  outfile,
  alias: Object.fromEntries(names.map(name => name.split('='))),
  bundle: true,
  target: 'es2022',
  nodePaths: [path.join(__dirname, 'node_modules')],
  loader: { '.svg': 'empty' },
  ...(outfile.endsWith('.mjs') ? forNode : forBrowsers),
}).catch(() => process.exit(1));
