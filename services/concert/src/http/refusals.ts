import type { RejectionCode } from '#contracts';
import { BadRequestException, NotFoundException, StandardSchemaValidationPipe } from '@nestjs/common';

/** 404 with the code that the public API has for it. */
export const notFound = (code: RejectionCode) => new NotFoundException({ code });

const invalidRequest = (errors: readonly { path: string; message: string }[]) =>
  new BadRequestException({ code: 'INVALID_REQUEST', errors });

/** Checks what a route says about its parameters; a bad one answers 400 with what is wrong. */
export const parameters = new StandardSchemaValidationPipe({
  exceptionFactory: (issues) =>
    invalidRequest(
      issues.map(({ path = [], message }) => ({
        path: path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
        message,
      })),
    ),
});
