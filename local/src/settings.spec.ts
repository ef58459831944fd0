import { describe, expect, it } from '@jest/globals';
import { parseReplicas, readLocalSettings } from './settings.js';

const one = { gateway: 1, queue: 1, concert: 1, reservation: 1, wallet: 1 };

describe('--replicas', () => {
  it.each([
    ['', one],
    ['queue=2', { ...one, queue: 2 }],
    ['queue=2,wallet=3,gateway=9', { ...one, queue: 2, wallet: 3, gateway: 9 }],
    [' queue = 2 , ', { ...one, queue: 2 }],
  ])('"%s" is understood', (text, replicas) => {
    expect(parseReplicas(text)).toEqual(replicas);
  });

  it.each([
    'queue',
    'queue=',
    'queue=0',
    'queue=10',
    'queue=-1',
    'queue=1.5',
    'queue=x',
    'cinema=2',
    'queue=2,queue=3',
    'constructor=2',
  ])('"%s" is refused with what would be right', (text) => {
    expect(() => parseReplicas(text)).toThrow(/--replicas does not understand ".*as in queue=2,wallet=2/);
  });
});

describe('the launcher’s settings', () => {
  it('have defaults', () => {
    const { postgresPort, kafkaPort, ports, dataDir } = readLocalSettings({}, []);
    expect({ postgresPort, kafkaPort, ports }).toEqual({
      postgresPort: 5433,
      kafkaPort: 9095,
      ports: { gateway: [3000], queue: [3001], concert: [3002], reservation: [3003], wallet: [3004] },
    });
    expect(dataDir).toMatch(/\/\.data$/);
  });

  it('give each replica a port ten above the one before', () => {
    const { ports } = readLocalSettings({ PORT: '4000', LOCAL_SERVICES_PORT: '5001' }, [
      '--replicas',
      'gateway=2,queue=3',
    ]);
    expect(ports.gateway).toEqual([4000, 4010]);
    expect(ports.queue).toEqual([5001, 5011, 5021]);
    expect(ports.wallet).toEqual([5004]);
  });

  it('take replicas from npm without the two dashes too', () => {
    expect(readLocalSettings({}, ['queue=2']).ports.queue).toEqual([3001, 3011]);
  });

  it.each(['PORT', 'LOCAL_SERVICES_PORT', 'LOCAL_POSTGRES_PORT', 'LOCAL_KAFKA_PORT'])(
    'refuse a broken %s by name, without its value',
    (name) => {
      for (const value of ['banana', '0', '70000', '-1', '1.5']) {
        expect(() => readLocalSettings({ [name]: value }, [])).toThrow(
          new RegExp(`^${name} is not valid: it must be a port`),
        );
      }
    },
  );

  it('refuse two processes on one port and name both settings', () => {
    expect(() => readLocalSettings({ LOCAL_KAFKA_PORT: '5433' }, [])).toThrow(
      'LOCAL_KAFKA_PORT and LOCAL_POSTGRES_PORT both lead to port 5433: change one of them',
    );
    expect(() => readLocalSettings({ PORT: '3002' }, [])).toThrow(
      'LOCAL_SERVICES_PORT and PORT both lead to port 3002',
    );
  });

  it('refuse unknown arguments', () => {
    expect(() => readLocalSettings({}, ['--bogus'])).toThrow(/^usage: npm start/);
    expect(() => readLocalSettings({}, ['nonsense'])).toThrow(/--replicas does not understand "nonsense"/);
  });
});
