import ts from 'typescript';
import { type Finding, isCode, isTypeScript, type SourceFile } from './source-file.js';

export const MAX_FILE_LINES = 300;
export const MAX_FUNCTION_LINES = 70;

/** Files and functions that no longer fit on a page or two. */
export function findLong(file: SourceFile): Finding[] {
  if (!isCode(file)) return [];
  const findings: Finding[] = [];
  const lines = file.text.trimEnd().split('\n').length;
  if (lines > MAX_FILE_LINES) {
    findings.push({ path: file.path, rule: 'long-file', message: `${lines} lines; at most ${MAX_FILE_LINES}` });
  }
  return isTypeScript(file) ? [...findings, ...findLongFunctions(file)] : findings;
}

function findLongFunctions({ path, text }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (offset: number) => source.getLineAndCharacterOfPosition(offset).line + 1;
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node) && !isChapter(node)) {
      const [first, last] = [lineOf(node.getStart(source)), lineOf(node.end)];
      const lines = last - first + 1;
      if (lines > MAX_FUNCTION_LINES) {
        const message = `a function of ${lines} lines; at most ${MAX_FUNCTION_LINES}`;
        findings.push({ path, line: first, rule: 'long-function', message });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** `describe('…', () => { … })`: a chapter of tests, not a function to follow. */
function isChapter(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText());
}
