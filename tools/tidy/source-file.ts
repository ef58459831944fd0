/** One file of the project, as the checks see it. */
export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Something to put right. */
export interface Finding {
  readonly path: string;
  /** 1 is the first; absent where the whole file is meant. */
  readonly line?: number;
  readonly rule: string;
  readonly message: string;
}

export const isTypeScript = ({ path }: SourceFile) => path.endsWith('.ts');
export const isCode = ({ path }: SourceFile) => /\.(ts|js|mjs|cjs|sh)$/.test(path) || path === '.ci/run';
export const isDocument = ({ path }: SourceFile) => path.endsWith('.md');
export const isTest = ({ path }: SourceFile) => path.endsWith('.spec.ts');

/** The number of the line that holds the character at `offset`. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
