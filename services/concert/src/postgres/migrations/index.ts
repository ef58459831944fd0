import { OperatorLog1795645044214 } from '#messaging';
import { CreateConcertTables1795000000000 } from './1-create-concert-tables.js';
import { CreateStock1795680000000 } from './2-create-stock.js';

/** Every migration of the concert service's schema, oldest first. */
export const migrations = [CreateConcertTables1795000000000, OperatorLog1795645044214, CreateStock1795680000000];
