import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AdmissionInterceptor } from './admission/admission.interceptor.js';
import { EndedPlaces } from './admission/ended-places.js';
import { ForgedTokens } from './admission/forged-tokens.js';
import { GivenPasses } from './admission/given-passes.js';
import { JoinLimits } from './admission/join-limits.js';
import { Arrivals } from './admission/arrivals.js';
import { LeaseRenewals } from './admission/lease-renewals.js';
import { QueueTokens } from './admission/queue-token.js';
import { SnapshotView } from './admission/snapshot-view.js';
import { WaitingRoom } from './admission/waiting-room.js';
import { Commands } from './commands/commands.js';
import { Idempotency } from './commands/idempotency.js';
import { checkTogether, type GatewaySettings } from './config.js';
import { AccessGuard } from './endpoint/access.guard.js';
import { AnswerInterceptor } from './endpoint/answer.interceptor.js';
import { endpointsOf } from './endpoint/endpoint.js';
import { KnownRoutes } from './http/known-routes.js';
import { LoadLimit } from './http/load-limit.js';
import { AccessTokens } from './identity/access-tokens.js';
import { DevIssuer } from './identity/dev-issuer.js';
import { OidcIssuer } from './identity/oidc-issuer.js';
import { ServiceKeys } from './identity/service-keys.js';
import { SignInController } from './identity/sign-in.controller.js';
import { TokenIssuer } from './identity/token-issuer.js';
import { openApiDocument } from './openapi/document.js';
import { OPEN_API_DOCUMENT, OpenApiController } from './openapi/open-api.controller.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { QueueStreams } from './push/queue-streams.js';
import { CatalogueController } from './resources/catalogue.controller.js';
import { IntrospectionController } from './resources/introspection.controller.js';
import { OperatorsController } from './resources/operators.controller.js';
import { DeadLettersController } from './resources/dead-letters.controller.js';
import { OrganizerController } from './resources/organizer.controller.js';
import { PaymentsController } from './resources/payments.controller.js';
import { QueueControlsController } from './resources/queue-controls.controller.js';
import { ReservationsController } from './resources/reservations.controller.js';
import { WaitingRoomController } from './resources/waiting-room.controller.js';
import { WalletController } from './resources/wallet.controller.js';
import { AllServices } from './upstreams/all-services.js';
import { SharedReads } from './upstreams/shared-reads.js';
import { Upstreams } from './upstreams/upstreams.js';

const resources = [
  WaitingRoomController,
  CatalogueController,
  ReservationsController,
  PaymentsController,
  WalletController,
  OrganizerController,
  OperatorsController,
  QueueControlsController,
  DeadLettersController,
];

/** The API's controllers; signing in without a password exists in development only, introspection where somebody has a key. */
export function controllersFor({
  AUTH_MODE,
  INTROSPECTION_KEYS,
}: Pick<GatewaySettings, 'AUTH_MODE' | 'INTROSPECTION_KEYS'>): Type[] {
  return [
    ...resources,
    ...(INTROSPECTION_KEYS.areThere ? [IntrospectionController] : []),
    ...(AUTH_MODE === 'dev' ? [SignInController] : []),
  ];
}

@Module({})
export class GatewayModule {
  /**
   * `messaging` provides `CommandBus`, `SnapshotFeed` and `EndingFeed`.
   * @throws InvalidSettings
   */
  static register(settings: GatewaySettings, messaging: DynamicModule): DynamicModule {
    checkTogether(settings);
    const controllers = controllersFor(settings);
    return {
      module: GatewayModule,
      imports: [messaging],
      controllers: [...controllers, OpenApiController],
      providers: [
        ...issuerFor(settings),
        { provide: QueueTokens, useValue: new QueueTokens(settings.QUEUE_TOKEN_KEYS) },
        { provide: Idempotency, useValue: new Idempotency(settings.QUEUE_TOKEN_KEYS) },
        { provide: ServiceKeys, useValue: settings.INTROSPECTION_KEYS },
        { provide: OPEN_API_DOCUMENT, useValue: openApiDocument(controllers.flatMap(endpointsOf)) },
        AccessTokens,
        SnapshotView,
        EndedPlaces,
        ForgedTokens,
        GivenPasses,
        JoinLimits,
        Arrivals,
        LeaseRenewals,
        WaitingRoom,
        QueueStreams,
        Commands,
        Upstreams,
        AllServices,
        SharedReads,
        KnownRoutes,
        LoadLimit,
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
        { provide: APP_INTERCEPTOR, useClass: AdmissionInterceptor },
      ],
    };
  }
}

function issuerFor({ AUTH_MODE, DEV_AUTH_KEY, OIDC_ISSUER, OIDC_AUDIENCE }: GatewaySettings) {
  if (AUTH_MODE === 'oidc') return [{ provide: TokenIssuer, useValue: new OidcIssuer(OIDC_ISSUER, OIDC_AUDIENCE) }];
  const issuer = new DevIssuer(DEV_AUTH_KEY);
  return [
    { provide: TokenIssuer, useValue: issuer },
    { provide: DevIssuer, useValue: issuer },
  ];
}
