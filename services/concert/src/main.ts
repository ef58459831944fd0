import { connectBatches } from '#messaging';
import { runProcess } from '#service';
import { ConcertModule } from './concert.module.js';
import { concertSettings } from './config.js';

await runProcess({
  name: 'concert',
  settings: concertSettings,
  module: (settings) => ConcertModule.register(settings),
  configure: (app) => connectBatches(app),
});
