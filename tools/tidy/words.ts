import ts from 'typescript';
import { type Finding, isTypeScript, lineAt, type SourceFile } from './source-file.js';

/** Names that say nothing about what is inside. */
const emptyNames = /(^|[/.-])(utils?|commons?|helpers?|misc|stuff)([/.-]|$)/i;

/** The glossary has one word for each thing; these are other people's words for them. */
const otherWords = new Map([
  ['booking', 'reservation'],
  ['bookings', 'reservations'],
  ['charge', 'top-up, or debit'],
  ['charges', 'top-ups, or debits'],
  ['charged', 'debited'],
  ['recharge', 'top-up'],
  ['points', 'balance, or amount'],
  ['showtime', 'schedule'],
  ['showtimes', 'schedules'],
]);

export function findEmptyNames({ path }: SourceFile): Finding[] {
  const found = emptyNames.exec(path);
  return found ? [{ path, rule: 'empty-name', message: `"${found[2]}" does not say what is inside` }] : [];
}

/** Names that the code gives (not those it takes from libraries) with a word that the glossary does not know. */
export function findOtherWords(file: SourceFile): Finding[] {
  if (!isTypeScript(file)) return [];
  const findings: Finding[] = [];
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node) => {
    if (ts.isIdentifier(node) && isGiven(node)) {
      const word = wordsOf(node.text).find((each) => otherWords.has(each));
      if (word) {
        const message = `"${node.text}": the glossary says ${otherWords.get(word)}`;
        findings.push({ path: file.path, line: lineAt(file.text, node.getStart(source)), rule: 'other-word', message });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** True for the name of a declaration, such as a function, a variable, a property, a type. */
function isGiven(node: ts.Identifier): boolean {
  return 'name' in node.parent && node.parent.name === node && !ts.isPropertyAccessExpression(node.parent);
}

/** `walletChargeV1` → wallet, charge, v1. */
function wordsOf(identifier: string): string[] {
  return identifier
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_$]+/);
}
