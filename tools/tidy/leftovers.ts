import { type Finding, isCode, isTest, lineAt, type SourceFile } from './source-file.js';

// Spelled in two halves, so that this file has nothing to report about itself.
const notes = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`, 'g');
const disabledTests =
  /\b(?:describe|it|test)(?:\.each[^\n]*)?\.(?:only|skip|todo|failing)\b|\b(?:fit|fdescribe|xit|xtest|xdescribe)\(/g;

/** What somebody meant to come back to: notes, and tests that do not run or keep the others from running. */
export function findLeftovers(file: SourceFile): Finding[] {
  if (!isCode(file)) return [];
  const findings = matches(file, notes, 'leftover-note', 'do it, or write down why not');
  if (!isTest(file)) return findings;
  return [...findings, ...matches(file, disabledTests, 'disabled-test', 'a test that does not run proves nothing')];
}

function matches({ path, text }: SourceFile, pattern: RegExp, rule: string, advice: string): Finding[] {
  return [...text.matchAll(pattern)].map((found) => ({
    path,
    line: lineAt(text, found.index),
    rule,
    message: `${found[0]}: ${advice}`,
  }));
}
