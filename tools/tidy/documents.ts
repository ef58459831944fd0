import { dirname, join } from 'node:path/posix';
import { type Finding, isDocument, lineAt, type SourceFile } from './source-file.js';

/** Folders whose paths are named in documents; what starts otherwise in a code span is something else. */
const ours = /^(?:services|libs|gateway|local|web|deploy|tests|bench|tools|docs|patches|\.ci)\//;

/** Paths in links and code spans of documents that lead nowhere. `exists` is asked for a path from the root. */
export function findLostPaths(file: SourceFile, exists: (path: string) => boolean): Finding[] {
  if (!isDocument(file)) return [];
  return [...linksIn(file), ...spansIn(file)]
    .filter(({ path }) => !exists(path))
    .map(({ offset, path }) => ({
      path: file.path,
      line: lineAt(file.text, offset),
      rule: 'lost-path',
      message: `${path} does not exist`,
    }));
}

interface NamedPath {
  readonly offset: number;
  readonly path: string;
}

/** `[text](../relative.md#anchor)`, read from the document's own folder. */
function linksIn({ path, text }: SourceFile): NamedPath[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((found) => ({ offset: found.index, target: (found[1] ?? '').replace(/#.*$/, '') }))
    .filter(({ target }) => target !== '' && !/^[a-z]+:/i.test(target))
    .map(({ offset, target }) => ({ offset, path: join(dirname(path), target) }));
}

/** `services/wallet/src/main.ts:12`, read from the root; patterns and placeholders are left alone. */
function spansIn({ text }: SourceFile): NamedPath[] {
  return [...text.matchAll(/`([^`\s]+)`/g)]
    .map((found) => ({ offset: found.index, path: (found[1] ?? '').replace(/:\d+(-\d+)?$/, '') }))
    .filter(({ path }) => ours.test(path) && !/[*<>{}…$]/.test(path));
}
