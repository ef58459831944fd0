import { kafkaSettings, requestReplySettings } from '#messaging';
import { InvalidSettings, integer, processSettings, setting, type Settings, type SettingsOf, text } from '#service';
import { z } from 'zod';
import { parseKeyRing } from './admission/key-ring.js';
import { isProxyRange } from './http/client-network.js';
import { ServiceKeys } from './identity/service-keys.js';

const optionalText = z.string();

const commaList = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Text that `parse` takes; what it throws is shown, so it must not name secrets. */
function parsedBy<Value>(parse: (value: string) => Value) {
  return z.string().transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });
}

const proxies = commaList.refine((ranges) => ranges.every(isProxyRange), 'must be addresses, CIDR ranges or loopback');

const url = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/+$/, ''));

export const gatewaySettings = {
  ...processSettings,
  ...kafkaSettings,
  ...requestReplySettings,
  PORT: setting(integer(0, 65_535), 'port to listen on', '3000'),
  QUEUE_URL: setting(url, 'where the queue service answers queries'),
  CONCERT_URL: setting(url, 'where the concert service answers queries'),
  RESERVATION_URL: setting(url, 'where the reservation service answers queries'),
  WALLET_URL: setting(url, 'where the wallet service answers queries'),
  AUTH_MODE: setting(
    z.enum(['dev', 'oidc']),
    'who issues access tokens: dev (ourselves, not for production) or oidc',
    'dev',
  ),
  DEV_AUTH_KEY: setting(optionalText, 'AUTH_MODE=dev: secret of at least 32 characters, the same for all gateways', ''),
  OIDC_ISSUER: setting(optionalText, 'AUTH_MODE=oidc: the issuer of access tokens, an https URL', ''),
  OIDC_AUDIENCE: setting(optionalText, 'AUTH_MODE=oidc: the audience that access tokens must name', ''),
  QUEUE_TOKEN_KEYS: setting(
    parsedBy(parseKeyRing),
    'kid:base64url of at least 32 bytes, comma separated; the first signs, all verify',
  ),
  QUEUE_TOKEN_TTL_SECONDS: setting(integer(1, 86_400), 'how long a queue token of a waiting place lasts, s', '600'),
  INTROSPECTION_KEYS: setting(
    parsedBy((value) => ServiceKeys.parse(value)),
    'who else may ask what a queue token may do: name:secret of 32 characters or more, comma separated; none: nobody',
    '',
  ),
  JOINS_PER_USER: setting(integer(1, 1_000_000), 'most joins of one user a minute, at each gateway', '300'),
  JOINS_PER_ADDRESS: setting(
    integer(1, 1_000_000),
    'most joins from one public IPv4 address or IPv6 /64 a minute, at each gateway',
    '6000',
  ),
  TRUSTED_PROXIES: setting(
    proxies,
    'whose X-Forwarded-For is believed: addresses or CIDR ranges, comma separated; none: the connection alone',
    '',
  ),
  QUEUE_STREAMS_MAX: setting(
    integer(0, 1_000_000),
    'most visitors who listen to their place in line at a time',
    '10000',
  ),
  HOLD_SECONDS: setting(integer(1, 86_400), 'how long a pass may have ended and still pay, s', '300'),
  UPSTREAM_TIMEOUT_MS: setting(integer(10, 60_000), 'longest wait for the answer to a query, ms', '2000'),
  UPSTREAM_IN_FLIGHT_MAX: setting(integer(1, 10_000), 'most queries in work at a time for each service', '500'),
  BREAKER_RESET_MS: setting(integer(100, 60_000), 'how long an open breaker waits before it tries again, ms', '2000'),
  CORS_ORIGINS: setting(commaList, 'origins that browsers may call from, comma separated; dev adds localhost', ''),
  DEFAULT_TIME_ZONE: setting(text, 'IANA time zone of a concert that names none', 'Asia/Seoul'),
} as const satisfies Settings;

export type GatewaySettings = SettingsOf<typeof gatewaySettings>;

const DEV_KEY_LENGTH_MIN = 32;

/**
 * What one setting asks of another.
 * @throws InvalidSettings
 */
export function checkTogether(settings: GatewaySettings, environment: NodeJS.ProcessEnv = process.env): void {
  const problems: string[] = [];
  if (settings.AUTH_MODE === 'dev') {
    if (environment.NODE_ENV === 'production')
      problems.push('AUTH_MODE=dev refuses to run with NODE_ENV=production: use oidc');
    if (settings.DEV_AUTH_KEY.length < DEV_KEY_LENGTH_MIN) {
      problems.push(
        `DEV_AUTH_KEY is needed with AUTH_MODE=dev and must have at least ${DEV_KEY_LENGTH_MIN} characters`,
      );
    }
  } else {
    if (!URL.canParse(settings.OIDC_ISSUER))
      problems.push('OIDC_ISSUER is needed with AUTH_MODE=oidc and must be a URL');
    if (settings.OIDC_AUDIENCE === '') problems.push('OIDC_AUDIENCE is needed with AUTH_MODE=oidc');
  }
  if (problems.length > 0) throw new InvalidSettings(problems.join('\n'));
}
