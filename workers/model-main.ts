/** Entry of what `scriptorium model` asks of the code of the workers: does one thing, and prints its result as JSON. */
import { toScriptoriumError } from '../activities/errors.ts';
import type { ModelReport, VariantReport } from '../client/cli/model/report.ts';
import { type FindOptions, findAsset } from './assets/find-asset.ts';
import { tokenizerAsset } from './assets/manifest.ts';
import { loadConfig } from './config.ts';
import { measureVariants } from './model/measure.ts';
import { chooseModel, chosenVariant, layoutFolderOf, variantsAtHand } from './model/model-choice.ts';
import { findVariant, variantOf, variants } from './model/variants.ts';

const config = loadConfigOrNull();
const [action = 'list', name = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await report()));

async function report(): Promise<ModelReport> {
  try {
    if (config instanceof Error) throw config;
    const finding: FindOptions = { cacheFolder: config.home.cache, env: config.env };
    if (action === 'make') await findVariant(variantOf(name), finding);
    if (action === 'choose') await chooseModel(config, name, finding);
    const atHand = await variantsAtHand(finding);
    const measured =
      action === 'measure'
        ? await measureVariants(atHand, await findAsset(tokenizerAsset, finding), {
            ...{ threads: config.embedding.threads, layoutFolder: await layoutFolderOf(config.home) },
          })
        : [];
    const chosen = await chosenVariant(config);
    return {
      threads: config.embedding.threads,
      variants: variants.map((variant): VariantReport => {
        const file = atHand.find((own) => own.variant.name === variant.name)?.path ?? null;
        const { chunksPerSecond = null, cosine = null } =
          measured.find((own) => own.variant === variant.name) ?? {};
        const { name: variantName, precision, recallAt10 } = variant;
        return {
          ...{ name: variantName, precision, recallAt10, file },
          ...{ chosen: variant === chosen, chunksPerSecond, cosine },
        };
      }),
      reference: measured[0]?.reference ?? null,
      error: null,
    };
  } catch (error) {
    const { code, message } = toScriptoriumError(error);
    return { threads: 0, variants: [], reference: null, error: { code, message } };
  }
}

function loadConfigOrNull() {
  try {
    return loadConfig();
  } catch (error) {
    return toScriptoriumError(error);
  }
}
