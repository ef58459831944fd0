import type { Verb } from './verb.js';

/** Every verb by its name, loaded when it is called. A new one is a file beside this one, and a line here. */
export const verbs: Readonly<Record<string, () => Promise<{ readonly verb: Verb }>>> = {
  'dead-letters': () => import('./dead-letters.js'),
  payments: () => import('./payments.js'),
  queue: () => import('./queue.js'),
  'verify-draw': () => import('./verify-draw.js'),
  audit: () => import('./audit.js'),
  trail: () => import('./trail.js'),
};

/** What `npm run ops` alone says. */
export async function overview(): Promise<string> {
  const longest = Math.max(...Object.keys(verbs).map((name) => name.length));
  const lines = Object.entries(verbs).map(async ([name, load]) => {
    const { verb } = await load();
    return `  ${name.padEnd(longest)}  ${verb.summary}`;
  });
  return `npm run ops -- <verb> …    more of each: npm run ops -- <verb> --help

${(await Promise.all(lines)).join('\n')}

Exit codes: 0 done, 1 the answer is bad news, 2 it could not be done.`;
}
