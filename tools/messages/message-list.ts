import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { allContracts, type MessageContract, type Topic, topics } from '#contracts';

/** One line of the message table. */
export interface ListedMessage {
  readonly type: string;
  readonly topic: string;
  /** The payload's member that picks the partition. */
  readonly key: string;
  /** Of the topic; each takes the types it knows what to do with. */
  readonly readers: string;
  /** The comment above the contract. */
  readonly meaning: string;
}

/** Every contract, by owner, commands before events; the replies, alike for all, are not among them. */
export function listMessages(contractsFolder: string): ListedMessage[] {
  const meanings = readMeanings(contractsFolder);
  return allContracts.map((contract) => ({
    type: contract.type,
    topic: contract.topic.name,
    key: keyMember(contract),
    readers: readersOf(contract.topic),
    meaning: meanings.get(contract.type) ?? '',
  }));
}

/** `concert.events.queue` is how the queue service reads `concert.events`. Gateways have a group each, named nowhere. */
function readersOf({ name, kind, groups }: Topic): string {
  if (groups.length > 0) return groups.map((group) => group.slice(name.length + 1)).join(', ');
  return kind === 'snapshots' || name === topics.queueEvents.name ? 'every gateway' : 'nobody yet';
}

function keyMember(contract: MessageContract): string {
  const asked: string[] = [];
  const payload = new Proxy({}, { get: (_, member) => (asked.push(String(member)), '') });
  contract.key(payload);
  return asked.join(' + ');
}

/** The comments above `defineMessage({ type: '…' })`, by message type. */
function readMeanings(contractsFolder: string): Map<string, string> {
  const files = readdirSync(contractsFolder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return new Map(files.flatMap((path) => meaningsIn(readFileSync(join(contractsFolder, path), 'utf8'))));
}

export function meaningsIn(text: string): [type: string, meaning: string][] {
  const source = ts.createSourceFile('contracts.ts', text, ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isVariableStatement).flatMap((statement) => {
    const [, type] = /\btype: '([a-z]+\.\w+\.v\d+)'/.exec(statement.getText(source)) ?? [];
    const [comment] = ts.getJSDocCommentsAndTags(statement);
    const meaning = comment && ts.getTextOfJSDocComment(comment.comment);
    return type && meaning ? [[type, meaning.replace(/\s+/g, ' ')] as [string, string]] : [];
  });
}
