import { CreateReservations1763900000000 } from './1763900000000-create-reservations.js';

/** In the order they run. */
export const migrations = [CreateReservations1763900000000];
