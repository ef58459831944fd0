import { findLostPaths } from './documents.js';
import { findLeftovers } from './leftovers.js';
import { findAddresses } from './lock.js';
import { findLong } from './sizes.js';
import type { Finding, SourceFile } from './source-file.js';
import { findEmptyNames, findOtherWords } from './words.js';

/** Everything that the linter does not look at: sizes, names, leftovers, paths in documents, the lock file. */
export function tidy(files: readonly SourceFile[], exists: (path: string) => boolean): Finding[] {
  return files.flatMap((file) => [
    ...findLong(file),
    ...findEmptyNames(file),
    ...findOtherWords(file),
    ...findLeftovers(file),
    ...findLostPaths(file, exists),
    ...findAddresses(file),
  ]);
}
