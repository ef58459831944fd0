/**
 * What `npm start`, `npm test`, `npm run ops` and `npm run reset` run. Plain JavaScript for any Node from 20 on and without
 * a dependency: it installs what is missing, builds what is old, and hands over to the launcher (`local/`), to the tests
 * (`tools/test.ts`) or to the operator's command line (`tools/ops.ts`), on the pinned Node 24.
 *
 *   npm start [-- --replicas queue=2,wallet=2]
 *   npm test [-- unit]
 *   npm run ops -- <verb> …
 *   npm run reset
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const neededMajor = 24;
const pinnedNode = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
const startedByNpm = process.env.npm_lifecycle_event === 'start';
let child;
let stopping = false;

process.chdir(root);
watchSignals();
if (majorOf(process.version) < 20) fail(`Node ${process.version} is too old: install Node 20 or newer`);
const [command, ...rest] = process.argv.slice(2);
if (command === 'reset') {
  await import('./local/reset.mjs');
} else {
  await install();
  const node = nodeToRunOn();
  await build(node);
  if (command === 'test' || command === 'ops') await tool(node, command, rest);
  else await launch(node, process.argv.slice(2));
}

/** `npm ci`, unless node_modules is already what package.json, the lock file and the patches ask for. */
async function install() {
  const wanted = installHash();
  const stamp = join(root, 'node_modules', '.installed');
  const tree = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(stamp) ? readFileSync(stamp, 'utf8') === wanted : isNewerThanManifest(tree)) {
    if (!existsSync(stamp)) writeFileSync(stamp, wanted);
    return;
  }
  // The launcher says these too, but half a minute later.
  if (!process.env.JAVA_HOME && !isOnPath('java')) {
    fail('Kafka needs Java 17 or newer: install it (Debian: apt-get install openjdk-17-jre-headless)');
  }
  if (!process.env.KAFKA_JARS && !isOnPath('mvn')) {
    fail("Maven's mvn is not installed, and Kafka's jars come through it: install it (Debian: apt-get install maven)");
  }
  const began = Date.now();
  say('installing packages as the lock file says (npm ci); about half a minute');
  // The npm and the Node that started us: ours may be the pinned one, which npm ci replaces.
  const npm = process.env.npm_execpath;
  const host = process.env.npm_node_execpath;
  // Warnings about packages that want a newer Node than the host's mean nothing here: everything runs on the pinned one.
  const ci = ['ci', '--loglevel=error'];
  const code = npm ? await run(host && existsSync(host) ? host : process.execPath, [npm, ...ci]) : await run('npm', ci);
  if (code !== 0) fail('npm ci failed; what it said is above');
  writeFileSync(stamp, wanted);
  say(`installed in ${Math.round((Date.now() - began) / 1000)} s`);
}

function installHash() {
  const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ dependencies, devDependencies, optionalDependencies, overrides, allowScripts }));
  hash.update(readFileSync(join(root, 'package-lock.json')));
  for (const name of readdirSync(join(root, 'patches')).sort()) hash.update(readFileSync(join(root, 'patches', name)));
  return hash.digest('hex');
}

/** True when somebody ran `npm ci` by hand since these files last changed, with the tools that we build with. */
function isNewerThanManifest(tree) {
  if (!existsSync(tree) || !existsSync(join(root, 'node_modules', '@swc', 'cli'))) return false;
  const manifest = ['package.json', 'package-lock.json', 'patches'].map((name) => statSync(join(root, name)).mtimeMs);
  return statSync(tree).mtimeMs >= Math.max(...manifest);
}

function nodeToRunOn() {
  if (existsSync(pinnedNode)) return pinnedNode;
  if (majorOf(process.version) >= neededMajor) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  return fail(
    `there is no pinned Node for ${platform}, and this is Node ${process.version}: install Node ${neededMajor}`,
  );
}

/** Compiles the whole tree (half a second) when any source changed since the last time. */
async function build(node) {
  const folders = ['services', 'gateway', 'libs', 'local', 'tools'].filter((name) => existsSync(join(root, name)));
  const hash = createHash('sha256').update(readFileSync(join(root, '.swcrc')));
  for (const folder of folders) addSources(hash, folder);
  const sources = hash.digest('hex');
  const stamp = join(root, 'dist', '.built');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  say('building');
  const swc = join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const options = ['--out-dir', 'dist', '--extensions', '.ts', '--ignore', '**/*.spec.ts', '--quiet'];
  if ((await run(node, [swc, ...folders, ...options])) !== 0) fail('the build failed; what the compiler said is above');
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, sources);
}

function addSources(hash, folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) addSources(hash, path);
    else if (path.endsWith('.ts')) hash.update(`${path} ${statSync(join(root, path)).mtimeMs}\n`);
  }
}

/**
 * Becomes the launcher where Node can replace its own program (24), which saves a process; else starts it and passes
 * signals on. Its channel to us ends when we die, whatever kills us; then it stops the system.
 */
async function launch(node, args) {
  const launcher = [join(root, 'dist', 'local', 'src', 'main.js'), ...args];
  const env = environmentOf(node);
  if (process.execve && !stopping) process.execve(node, [node, ...launcher], env);
  process.exitCode = await run(node, launcher, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env,
  });
}

async function tool(node, name, args) {
  const options = { stdio: 'inherit', env: environmentOf(node) };
  process.exitCode = await run(node, [join(root, 'dist', 'tools', `${name}.js`), ...args], options);
}

/** With the pinned Node as `node` for whatever is started from there. */
function environmentOf(node) {
  return { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
}

/** Runs a program to its end and gives its exit code. What it prints is not the answer of `npm run ops`. */
function run(program, args, options = { stdio: ['inherit', command === 'ops' ? 2 : 1, 2] }) {
  return new Promise((resolve) => {
    if (stopping) return resolve(130);
    child = spawn(program, args, options);
    child.once('error', (error) => fail(`${program} does not start: ${error.message}`));
    child.once('exit', (code, signal) => {
      child = undefined;
      if (stopping && code === null) process.exit(128 + constants.signals[signal]);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

function watchSignals() {
  const stop = (signal) => {
    stopping = true;
    if (child) child.kill(signal);
    else process.exit(128 + constants.signals[signal]);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  if (!startedByNpm) return;
  // npm cannot tell us that it was killed, but we get another parent.
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop('SIGTERM'), 500).unref();
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function majorOf(version) {
  return Number(/^v(\d+)/.exec(version)[1]);
}

function say(line) {
  // What `npm run ops` prints is for scripts too.
  if (command === 'ops') console.error(line);
  else console.log(line);
}

function fail(line) {
  console.error(line);
  process.exit(1);
}
