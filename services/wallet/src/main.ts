import { connectBatches } from '#messaging';
import { runProcess } from '#service';
import { walletSettings } from './config.js';
import { WalletModule } from './wallet.module.js';

await runProcess({
  name: 'wallet',
  settings: walletSettings,
  module: (settings) => WalletModule.register(settings),
  configure: (app) => connectBatches(app),
});
