import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** Ranges in which no client of the public is: a proxy that nobody named, a service of ours, a developer. */
const ours = ['loopback', 'private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat'];

/**
 * Whose connection a request came by: an IPv4 address, or the first 64 bits of an IPv6 one, within which a client takes
 * what address it likes; null when the address is not a public one, behind which anybody may be. Fastify names the client
 * by the connection, or by what the trusted proxies say of it; where they say nothing that is an address, it is theirs.
 */
export function clientNetwork({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string | null {
  const address = [ip, socket.remoteAddress].find((one) => one !== undefined && ipaddr.isValid(one));
  // The client is gone already.
  if (address === undefined) return null;
  const parsed = ipaddr.process(address);
  if (ours.includes(parsed.range())) return null;
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const prefix = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** Names of address ranges that Fastify knows. */
const knownRanges = ['loopback', 'linklocal', 'uniquelocal'];

/** Whether Fastify takes it as a trusted proxy: an address, a range in CIDR form, or the name of one. */
export function isProxyRange(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text) || knownRanges.includes(text);
}
