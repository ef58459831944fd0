import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Where the seeds of draws come from: nobody chooses one. */
@Injectable()
export class Seeds {
  next(): string {
    return randomBytes(32).toString('hex');
  }
}
