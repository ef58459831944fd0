import { connectBatches } from '#messaging';
import { runProcess } from '#service';
import { queueSettings } from './config.js';
import { QueueModule } from './queue.module.js';

await runProcess({
  name: 'queue',
  settings: queueSettings,
  module: (settings) => QueueModule.register(settings),
  configure: (app) => connectBatches(app),
});
