// Bundles the built workflows, in every kind that workers need; what the bundler says is shown only when it fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { minifySync } from 'rolldown/utils';
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
import { builtBundles, writeBundles } from '../dist/workers/workflow-bundle.js';

const MAP = '\n//# sourceMappingURL=data:application/json;base64,';

for (const name of await writeBundles(builtBundles, new DefaultLogger('WARN'))) {
  const path = join(builtBundles, name);
  writeFileSync(path, await slim(name, readFileSync(path, 'utf8')));
}

/**
 * A worker holds each bundle several times: in the process, in the thread that runs it, and as V8 has parsed it. Without
 * spaces, in ASCII, and with a map that names the sources but does not quote them, it takes a sixth of the memory. Names of
 * functions and classes stay: errors are told by them.
 */
async function slim(name, bundle) {
  const at = bundle.lastIndexOf('//# sourceMappingURL=');
  const inputMap = JSON.parse(
    Buffer.from(bundle.slice(bundle.indexOf('base64,', at) + 7), 'base64').toString(),
  );
  const keepNames = { function: true, class: true };
  const { code, map, errors } = minifySync(name, bundle.slice(0, at), {
    ...{ module: false, sourcemap: true, inputMap },
    ...{ compress: { target: 'es2023', keepNames }, mangle: { toplevel: false, keepNames } },
    codegen: { removeWhitespace: true, asciiOnly: true, legalComments: 'none' },
  });
  if (errors.length > 0) throw new Error(`${name}: ${errors.map(String).join('; ')}`);
  return code + MAP + Buffer.from(await byLine(name, map)).toString('base64');
}

/**
 * The map with one place for each line of a source: for all of them a thread takes 8 MB at its first error. And without names:
 * Temporal shows the one that the map gives for a place in a trace, and the bundler gives that of what is called there. Without
 * one it is the function's.
 */
async function byLine(name, map) {
  const short = new SourceMapGenerator({ file: name });
  let last = null;
  await SourceMapConsumer.with(map, null, (places) =>
    places.eachMapping(({ source, originalLine, originalColumn, generatedLine, generatedColumn }) => {
      const line = `${generatedLine} ${source} ${originalLine}`;
      if (line === last) return;
      last = line;
      const generated = { line: generatedLine, column: generatedColumn };
      // What is of no source must not count as the line before it.
      if (source === null) short.addMapping({ generated });
      else short.addMapping({ generated, source, original: { line: originalLine, column: originalColumn } });
    }),
  );
  return short.toString();
}
