import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { SetupProblem } from './setup-problem.js';

const oldest = 17;

/** The Java program of `JAVA_HOME` or of the PATH. Fails with one clear line when it is missing or older than 17. */
export async function requireJava(): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const advice = `Kafka needs Java ${oldest} or newer: install it (Debian: apt-get install openjdk-17-jre-headless)`;
  let text: string;
  try {
    // Java tells its version on the error output.
    text = (await promisify(execFile)(java, ['-version'])).stderr;
  } catch {
    throw new SetupProblem(`${java} does not run; ${advice}${process.env.JAVA_HOME ? ', or correct JAVA_HOME' : ''}`);
  }
  const major = Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
  if (major < oldest) throw new SetupProblem(`${java} is Java ${major}; ${advice}, or point JAVA_HOME at it`);
  return java;
}
