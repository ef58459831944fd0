import { Controller } from '@nestjs/common';
import { z } from 'zod';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint, endpoint } from '../endpoint/endpoint.js';
import { storableText } from '../endpoint/values.js';
import { DevIssuer } from './dev-issuer.js';

const signIn = endpoint({
  method: 'POST',
  path: '/v1/dev/sign-in',
  tag: 'Development',
  summary: 'An access token for any user',
  description: 'Exists only with AUTH_MODE=dev, which refuses to run in production.',
  access: 'public',
  body: z
    .strictObject({
      userId: storableText(1, 255),
      roles: z
        .array(z.enum(['organizer', 'operator']))
        .max(10)
        .optional(),
    })
    .meta({ id: 'SignIn' }),
  responses: {
    200: {
      description: 'Signed in',
      body: z.object({ accessToken: z.string(), expiresAt: z.iso.datetime() }).meta({ id: 'SignedIn' }),
    },
  },
});

/** Registered only with AUTH_MODE=dev. */
@Controller()
export class SignInController {
  constructor(private readonly issuer: DevIssuer) {}

  @Endpoint(signIn)
  async signIn(@Called() { body }: Call<typeof signIn>): Promise<AnswerOf<typeof signIn>> {
    return { status: 200, body: await this.issuer.signIn(body.userId, body.roles ?? [], Date.now()) };
  }
}
