import { uuid } from '#contracts';
import { cursorTo, found, limit, pageOf, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { type ActRow, type LetterRow, OperationsQueries, type WholeLetterRow } from './operations.queries.js';

/** The id of the last one shown. */
const cursor = cursorTo(uuid).optional();
const replayed = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();
const lettersQuery = z.object({ limit, cursor, replayed });
const actsQuery = z.object({ limit, cursor });

/** A list shows an error's beginning; the letter itself has all of it. */
const ERROR_SHOWN_MAX = 200;

/** What every service shows its operators, through the gateway. */
@Controller('internal')
@UsePipes(parameters)
export class OperationsController {
  constructor(private readonly queries: OperationsQueries) {}

  @Get('dead-letters')
  async letters(@Query({ schema: lettersQuery }) { limit, cursor, replayed }: z.output<typeof lettersQuery>) {
    const rows = await this.queries.letters(limit + 1, cursor ?? null, replayed ?? null);
    const { items, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    return { items: items.map(letterItem), nextCursor };
  }

  @Get('dead-letters/:deadLetterId')
  async letter(@Param('deadLetterId', { schema: uuid }) deadLetterId: string) {
    return wholeLetter(found(await this.queries.letter(deadLetterId), 'DEAD_LETTER_NOT_FOUND'));
  }

  @Get('operator-log')
  async acts(@Query({ schema: actsQuery }) { limit, cursor }: z.output<typeof actsQuery>) {
    const rows = await this.queries.acts(limit + 1, cursor ?? null);
    const { items, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    return { items: items.map(actItem), nextCursor };
  }
}

function letterItem({ id, offset, error, ...letter }: LetterRow) {
  const [firstLine = ''] = error.split('\n');
  return { deadLetterId: id, ...letter, offset: Number(offset), error: firstLine.slice(0, ERROR_SHOWN_MAX) };
}

function wholeLetter({ headers, payload, ...letter }: WholeLetterRow) {
  return { ...letterItem(letter), error: letter.error, headers, payload: payload && readable(payload) };
}

/** As it was sent where that is JSON, else its bytes. */
function readable(payload: Buffer): { readonly encoding: 'JSON' | 'BASE64'; readonly text: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    JSON.parse(text);
    return { encoding: 'JSON', text };
  } catch {
    return { encoding: 'BASE64', text: payload.toString('base64') };
  }
}

function actItem({ id, ...act }: ActRow) {
  return { actId: id, ...act };
}
