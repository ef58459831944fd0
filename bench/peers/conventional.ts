// What is measured here, as it is conventionally written: Nest on Express, a repository's query for each request, a JOSE library for
// the queue token, Nest's own Kafka transport with one message and one TypeORM `save` at a time, and a row lock where seats are
// contended. Nothing of it is careless; none of it has inbox, outbox, saga or audit, so it promises less than what it stands beside.
//
// Run as `conventional.js api` and `conventional.js service`, with DATABASE_URL, KAFKA_BROKERS and HOLD_TOPIC.
import 'reflect-metadata';
import {
  Body,
  ConflictException,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Module,
  type OnModuleInit,
  Param,
  Post,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientKafka, ClientsModule, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { jwtVerify, SignJWT } from 'jose';
import { firstValueFrom } from 'rxjs';
import { Column, DataSource, Entity, Index, PrimaryColumn, QueryFailedError, Repository } from 'typeorm';

const { DATABASE_URL, KAFKA_BROKERS = '', HOLD_TOPIC = 'hold' } = process.env;
const secret = new TextEncoder().encode('a secret of thirty-two characters');
const uniqueViolation = '23505';

@Entity('seat')
class Seat {
  @PrimaryColumn('uuid') id!: string;
  @Index() @Column('uuid') scheduleId!: string;
  @Column('text') section!: string;
  @Column('text') row!: string;
  @Column('int') number!: number;
  @Column('int') price!: number;
}

@Entity('hold')
class Hold {
  /** One hold to a seat: what the database itself refuses. */
  @PrimaryColumn('uuid') seatId!: string;
  @Column('text') userId!: string;
  @Column('timestamptz') heldUntil!: Date;
}

@Entity('visitor')
class Visitor {
  @PrimaryColumn('text') userId!: string;
  @Column('int') number!: number;
  @Column('text') status!: string;
}

interface HoldCommand {
  readonly seatId: string;
  readonly userId: string;
}

const heldUntil = () => new Date(Date.now() + 300_000);

@Controller()
class ApiController implements OnModuleInit {
  constructor(
    @InjectRepository(Seat) private readonly seats: Repository<Seat>,
    @InjectRepository(Visitor) private readonly visitors: Repository<Visitor>,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject('KAFKA') private readonly kafka: ClientKafka,
  ) {}

  async onModuleInit(): Promise<void> {
    this.kafka.subscribeToResponseOf(HOLD_TOPIC);
    await this.kafka.connect();
  }

  @Get('schedules/:id/seats')
  async showSeats(@Param('id') scheduleId: string, @Headers('authorization') bearer = '') {
    await userOf(bearer);
    return { items: await this.seats.find({ where: { scheduleId }, order: { row: 'ASC', number: 'ASC' } }) };
  }

  @Get('queue')
  async poll(@Headers('authorization') bearer = '') {
    const visitor = await this.visitors.findOneByOrFail({ userId: await userOf(bearer) });
    return { ...visitor, token: await tokenOf(visitor.userId) };
  }

  @Post('holds')
  async hold(@Body() { seatId }: HoldCommand, @Headers('authorization') bearer = '') {
    const command: HoldCommand = { seatId, userId: await userOf(bearer) };
    const { taken } = await firstValueFrom(this.kafka.send<{ taken: boolean }>(HOLD_TOPIC, command));
    if (taken) throw new ConflictException('the seat is taken');
    return command;
  }

  @Post('locked-holds')
  async holdLocked(@Body() { seatId }: HoldCommand, @Headers('authorization') bearer = '') {
    const userId = await userOf(bearer);
    await this.dataSource.transaction(async (manager) => {
      await manager.findOneOrFail(Seat, { where: { id: seatId }, lock: { mode: 'pessimistic_write' } });
      if (await manager.existsBy(Hold, { seatId })) throw new ConflictException('the seat is taken');
      await manager.insert(Hold, { seatId, userId, heldUntil: heldUntil() });
    });
    return { seatId, userId };
  }

  @Post('tokens')
  @HttpCode(200)
  async sign(@Body() { users }: { users: readonly string[] }) {
    return Promise.all(users.map(tokenOf));
  }
}

@Controller()
class HoldController {
  constructor(@InjectRepository(Hold) private readonly holds: Repository<Hold>) {}

  @MessagePattern(HOLD_TOPIC)
  async hold(@Payload() { seatId, userId }: HoldCommand) {
    if (await this.holds.existsBy({ seatId })) return { taken: true };
    try {
      await this.holds.insert({ seatId, userId, heldUntil: heldUntil() });
      return { taken: false };
    } catch (error) {
      if (error instanceof QueryFailedError && (error.driverError as { code?: string }).code === uniqueViolation) {
        return { taken: true };
      }
      throw error;
    }
  }
}

async function userOf(bearer: string): Promise<string> {
  const { payload } = await jwtVerify(bearer.replace('Bearer ', ''), secret, { algorithms: ['HS256'] });
  return payload.sub!;
}

function tokenOf(userId: string): Promise<string> {
  return new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setExpirationTime('10m').sign(secret);
}

const isApi = process.argv[2] === 'api';
const client = { brokers: KAFKA_BROKERS.split(',') };
const entities = [Seat, Hold, Visitor];
/** What is sent before a group has found its place would else be passed over, and never answered. */
const subscribe = { fromBeginning: true };
const kafka = {
  transport: Transport.KAFKA,
  options: { client, subscribe, consumer: { groupId: `${HOLD_TOPIC}.api` } },
} as const;

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: DATABASE_URL!, entities, synchronize: isApi, poolSize: 20 }),
    TypeOrmModule.forFeature(entities),
    ...(isApi ? [ClientsModule.register([{ name: 'KAFKA', ...kafka }])] : []),
  ],
  controllers: [isApi ? ApiController : HoldController],
})
class ConventionalModule {}

if (isApi) {
  const app = await NestFactory.create<NestExpressApplication>(ConventionalModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  process.send!(new URL(await app.getUrl()).port);
} else {
  const app = await NestFactory.createMicroservice(ConventionalModule, {
    logger: ['error'],
    transport: Transport.KAFKA,
    options: { client, subscribe, consumer: { groupId: `${HOLD_TOPIC}.service` } },
  });
  await app.listen();
  process.send!('ready');
}
process.once('disconnect', () => process.exit());
