/** What of a GPU can be seen on this machine without touching it. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface DeviceFacts {
  /** `process.platform`-`process.arch`. */
  readonly platform: string;
  readonly nvidia: boolean;
  /** Any device that draws or computes; true where it can't be told from files (macOS, Windows). */
  readonly gpu: boolean;
  /** Version of ONNX Runtime, which its provider libraries must have too. */
  readonly runtimeVersion: string;
  /** Where ONNX Runtime looks for its provider libraries. */
  readonly providerFolder: string;
  /** Libraries of the CUDA provider that are not there. */
  readonly missingLibraries: readonly string[];
}

const CUDA_LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];
/** Of the driver; the last one is that of the Windows subsystem for Linux. */
const NVIDIA_FILES = ['/dev/nvidiactl', '/dev/nvidia0', '/usr/lib/wsl/lib/libcuda.so.1'];

export function deviceFacts(): DeviceFacts {
  const { folder, version } = runtimePackage();
  const providerFolder = join(folder, 'bin', 'napi-v6', process.platform, process.arch);
  const nvidia = NVIDIA_FILES.some((file) => existsSync(file));
  return {
    platform: `${process.platform}-${process.arch}`,
    nvidia,
    gpu: process.platform !== 'linux' || nvidia || hasRenderNode(),
    runtimeVersion: version,
    providerFolder,
    missingLibraries: CUDA_LIBRARIES.filter((name) => !existsSync(join(providerFolder, name))),
  };
}

function hasRenderNode(): boolean {
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
}

/** ONNX Runtime as it is installed. */
export function runtimePackage(): { readonly folder: string; readonly version: string } {
  const require = createRequire(import.meta.url);
  // Its main module lies in `dist`.
  const folder = dirname(dirname(require.resolve('onnxruntime')));
  const version: unknown = require(join(folder, 'dist', 'version.js')).version;
  return { folder, version: String(version) };
}
