import { readFileSync, writeFileSync } from 'node:fs';
import { listMessages } from './messages/message-list.js';
import { messageTable, withTable } from './messages/message-table.js';

const document = 'ARCHITECTURE.md';

/** `npm run messages` calls it in the project's root: writes the table of all messages from the contracts and their comments. */
function main(): void {
  const messages = listMessages('libs/contracts/src');
  const before = readFileSync(document, 'utf8');
  const after = withTable(before, messageTable(messages));
  if (after !== before) writeFileSync(document, after);
  console.log(`${document}: ${messages.length} messages, ${after === before ? 'unchanged' : 'written'}`);
}

main();
