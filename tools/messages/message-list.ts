import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { allContracts, type MessageContract, reply, type Topic, topics } from '#contracts';

/** One line of the message table. */
export interface ListedMessage {
  readonly type: string;
  readonly topic: string;
  /** The payload's member that picks the partition. */
  readonly key: string;
  readonly readers: string;
  /** The comment above the contract. */
  readonly meaning: string;
}

/** Every message of the system, in the order of the contracts: by owner, commands before events; then the replies. */
export function listMessages(contractsFolder: string): ListedMessage[] {
  const meanings = readMeanings(contractsFolder);
  const contracts = allContracts.map((contract) => ({
    type: contract.type,
    topic: contract.topic.name,
    key: keyMember(contract),
    readers: readersOf(contract.topic),
    meaning: meanings.get(contract.type) ?? '',
  }));
  const replies = [reply.answered, reply.rejected, reply.parked].map(({ type }) => ({
    type,
    topic: replyTopics.map((topic) => topic.name).join(', '),
    key: 'the address of who asked',
    readers: replyTopics.map(readersOf).join(', '),
    meaning: meanings.get(type) ?? '',
  }));
  return [...contracts, ...replies];
}

const replyTopics = (Object.values(topics) as Topic[]).filter((topic) => topic.kind === 'replies');

/** `concert.events.queue` is how the queue service reads `concert.events`; what nobody reads by a group, gateways do. */
function readersOf({ name, owner, kind, groups }: Topic): string {
  if (groups.length > 0) return groups.map((group) => group.slice(name.length + 1)).join(', ');
  return kind === 'snapshots' || owner === 'gateway' ? 'every gateway' : 'nobody yet';
}

function keyMember(contract: MessageContract): string {
  const asked: string[] = [];
  const payload = new Proxy({}, { get: (_, member) => (asked.push(String(member)), '') });
  contract.key(payload);
  return asked.join(' + ');
}

/** The comments above `defineMessage({ type: '…' })`, and above replies, by message type. */
function readMeanings(contractsFolder: string): Map<string, string> {
  const files = readdirSync(contractsFolder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
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
