// Bare node:http in a process of its own, which answers every request with the same bytes: the limit of what answers over
// HTTP. The body and the headers come from whoever starts it.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** @param answer { status, headers, body } */
export async function bareServer(answer) {
  const child = fork(fileURLToPath(import.meta.url));
  child.send(answer);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, stop: () => child.disconnect() };
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('message', ({ status, headers, body }) => {
    const bytes = Buffer.from(body);
    const all = { ...headers, 'content-length': bytes.length };
    const server = createServer((_, response) => response.writeHead(status, all).end(bytes));
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));
    process.once('disconnect', () => process.exit());
  });
}
