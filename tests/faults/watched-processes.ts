import { readFileSync } from 'node:fs';
import { eventually, type ServiceProcess, type System } from '#testing';

/** Resident memory of every process that runs, MB by name. */
export type Memory = Readonly<Record<string, number>>;

export function runningProcesses(system: System): ServiceProcess[] {
  return Object.values(system.processes)
    .flat()
    .filter(({ isRunning }) => isRunning);
}

/** What each process has now, and the most it ever had. */
export function memoryOf(system: System, which: 'now' | 'most'): Memory {
  return Object.fromEntries(runningProcesses(system).map(({ name, pid }) => [name, residentMb(pid!, which)]));
}

/** Waits until a process says that it is ready, or that it is not; answers after how many ms it did. */
export async function untilReadiness(process: ServiceProcess, ready: boolean, within: number): Promise<number> {
  const started = performance.now();
  await eventually(async () => (await isReady(process)) === ready, { within, every: 100 }).catch((error: unknown) => {
    throw new Error(`${process.name} is ${ready ? 'not ready' : 'still ready'}: ${String(error)}`);
  });
  return Math.round(performance.now() - started);
}

async function isReady({ url }: ServiceProcess): Promise<boolean> {
  const { status } = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
  return status === 200;
}

function residentMb(pid: number, which: 'now' | 'most'): number {
  const line = which === 'now' ? /VmRSS:\s+(\d+) kB/ : /VmHWM:\s+(\d+) kB/;
  const [, kilobytes] = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
