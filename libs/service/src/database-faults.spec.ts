import { describe, expect, it } from '@jest/globals';
import { isTransientDatabaseFault } from './database-faults.js';

describe('a fault of the database passes by itself', () => {
  const coded = (code: string) => Object.assign(new Error('any'), { code });

  it.each(['ECONNREFUSED', 'ECONNRESET', '08006', '40001', '40P01', '53300', '55P03', '57014', '57P01', '25P03'])(
    'when it is %s',
    (code) => {
      expect(isTransientDatabaseFault(coded(code))).toBe(true);
    },
  );

  it.each(['23505', '23514', '42501', '42P01', '22P02', 'ERR_INVALID_ARG_TYPE'])('but not when it is %s', (code) => {
    expect(isTransientDatabaseFault(coded(code))).toBe(false);
  });

  it('when the connection broke without a code, however deep that is wrapped', () => {
    const broken = new Error('Connection terminated unexpectedly');
    expect(isTransientDatabaseFault(Object.assign(new Error('query failed'), { driverError: broken }))).toBe(true);
    expect(isTransientDatabaseFault(new Error('query failed', { cause: coded('57P03') }))).toBe(true);
  });

  it('and a bug is none', () => {
    expect(isTransientDatabaseFault(new TypeError('undefined is not a function'))).toBe(false);
    expect(isTransientDatabaseFault('a text')).toBe(false);
    expect(isTransientDatabaseFault(null)).toBe(false);
  });
});
