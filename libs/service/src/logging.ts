import { ConsoleLogger } from '@nestjs/common';

/** One JSON object a line on a pipe, coloured text on a terminal. */
export function createLogger(name: string): ConsoleLogger {
  return new ConsoleLogger(name, {
    json: !process.stdout.isTTY,
    colors: process.stdout.isTTY,
    logLevels: ['log', 'warn', 'error', 'fatal'],
  });
}
