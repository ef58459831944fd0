import { OperatorLog1795645044214 } from '#messaging';
import { CreateReservations1763900000000 } from './1763900000000-create-reservations.js';
import { GraceEndsAt1795645419299 } from './1795645419299-grace-ends-at.js';
import { PaymentsForOperators1795645419300 } from './1795645419300-payments-for-operators.js';

/** In the order they run. */
export const migrations = [
  CreateReservations1763900000000,
  OperatorLog1795645044214,
  GraceEndsAt1795645419299,
  PaymentsForOperators1795645419300,
];
