import { RequestReplyModule } from '#messaging';
import { runProcess } from '#service';
import { gatewaySettings } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { configureHttp } from './http/configure.js';
import { serverOptions } from './http/server-options.js';

await runProcess({
  name: 'gateway',
  settings: gatewaySettings,
  module: (settings) => GatewayModule.register(settings, RequestReplyModule.register({ settings })),
  http: serverOptions,
  configure: configureHttp,
});
