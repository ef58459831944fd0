import { type Finding, lineAt, type SourceFile } from './source-file.js';

/** Download addresses in the lock file tie an install to the registry of whoever wrote it. */
export function findAddresses({ path, text }: SourceFile): Finding[] {
  if (path !== 'package-lock.json') return [];
  const found = /"resolved":\s*"(?:https?|git\+)/.exec(text);
  if (!found) return [];
  const message = 'a download address; .npmrc keeps them out: run npm install --package-lock-only again';
  return [{ path, line: lineAt(text, found.index), rule: 'locked-address', message }];
}
