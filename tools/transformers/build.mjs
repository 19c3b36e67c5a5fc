// Bundles each library into one script whose value is the library: `node build.mjs <output folder>`.
import { build } from "esbuild";
import { join } from "node:path";

const output = process.argv[2];
// moment's locales stay outside: a transformer knows English, as it does where it comes from.
const libraries = {
  lodash: "module.exports = require('lodash');",
  moment: "module.exports = require('moment');",
  xmljs: "module.exports = require('xml-js');",
  uuid: "import * as all from 'uuid'; module.exports = all;",
  sucrase: "module.exports = { transform: require('sucrase').transform };",
};

await Promise.all(Object.entries(libraries).map(([name, contents]) => build({
  stdin: { contents, resolveDir: import.meta.dirname },
  outfile: join(output, `${name}.js`),
  bundle: true,
  format: "iife",
  globalName: "library",
  // Wrapped in a function, so that nothing of it becomes a global.
  banner: { js: "(function (global, self, Uint8Array, Uint32Array, crypto) {" },
  footer: { js: "return library; })" },
  platform: "browser",
  target: "es2020",
  minify: true,
  legalComments: "inline",
  logLevel: "error",
})));
