import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { artifactStoreContract } from './artifact-store-contract.ts';

artifactStoreContract('files', async () => {
  const folder = await tempFolder();
  return {
    open: async () => new FileArtifacts(folder.path),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
