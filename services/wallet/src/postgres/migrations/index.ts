import { OperatorLog1795645044214 } from '#messaging';
import { Ledger1764000000000 } from './0001-ledger.js';

/** In the order in which they run. */
export const migrations = [Ledger1764000000000, OperatorLog1795645044214];
