import { connectBatches } from '#messaging';
import { runProcess } from '#service';
import { reservationSettings } from './config.js';
import { ReservationModule } from './reservation.module.js';

await runProcess({
  name: 'reservation',
  settings: reservationSettings,
  module: (settings) => ReservationModule.register(settings),
  configure: (app) => connectBatches(app),
});
