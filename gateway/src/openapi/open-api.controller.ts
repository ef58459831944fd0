import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { JsonSchema } from './schemas.js';

export const OPEN_API_DOCUMENT = Symbol('open api document');

@Controller()
export class OpenApiController {
  private readonly text: string;

  constructor(@Inject(OPEN_API_DOCUMENT) document: JsonSchema) {
    this.text = JSON.stringify(document);
  }

  @Get('openapi.json')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=60')
  document(): string {
    return this.text;
  }
}
