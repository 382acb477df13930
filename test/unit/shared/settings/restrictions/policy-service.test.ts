import { describe, expect, it } from 'vitest'
import { parsePolicyService } from '#shared/settings/restrictions/policy-service.ts'

const server = (endpoint: unknown, overrides = {}) => ({ kind: 'server', endpoint, overrides })
const local = { kind: 'inet', host: '127.0.0.1', port: 10023 }

describe('the argument of check_policy_service', () => {
  it.each([
    ['inet:127.0.0.1:10023', server(local)],
    ['INET:localhost:12525', server({ kind: 'inet', host: 'localhost', port: 12525 })],
    ['inet:10023', server({ kind: 'inet', host: 'localhost', port: 10023 })],
    ['inet:[::1]:10023', server({ kind: 'inet', host: '::1', port: 10023 })],
    ['unix:/run/postgrey/socket', server({ kind: 'unix', path: '/run/postgrey/socket' })],
    ['postgrey', { kind: 'within', name: 'postgrey' }],
    ['Policyd-Weight', { kind: 'within', name: 'policyd-weight' }],
    ['{ postgrey }', { kind: 'within', name: 'postgrey' }],
    // Postfix's own example, and all that it may say.
    [
      '{ inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }',
      server(local, { timeout: 10_000, defaultAction: 'DUNNO' }),
    ],
    [
      '{inet:127.0.0.1:10023 timeout=10 max_idle=1m max_ttl=2h request_limit=5 try_limit=1 retry_delay=0 policy_context=x {default_action = 451 4.3.5 try later, please}}',
      server(local, {
        timeout: 10_000,
        maxIdle: 60_000,
        maxTtl: 7_200_000,
        requestLimit: 5,
        tryLimit: 1,
        retryDelay: 0,
        policyContext: 'x',
        defaultAction: '451 4.3.5 try later, please',
      }),
    ],
  ])('%s', (text, expected) => expect(parsePolicyService(text)).toEqual(expected))

  it.each([
    ['', 'no policy service'],
    ['postgray', 'no policy service'],
    ['tcp:127.0.0.1:1', 'no policy service'],
    ['inet:127.0.0.1', 'no policy service'],
    ['inet:127.0.0.1:70000', 'no policy service'],
    ['10023', 'no policy service'],
    ['unix:private/policy', 'must begin with /'],
    ['{ inet:127.0.0.1:10023, timeout=fast }', 'timeout=fast: must be a time'],
    ['{ inet:127.0.0.1:10023, default=DUNNO }', 'no option'],
    ['{ inet:127.0.0.1:10023, {default_action = DUNNO }', 'a { without its }'],
    ['{ postgrey, timeout=10s }', 'its settings say how'],
  ])('%s is refused', (text, why) => expect(() => parsePolicyService(text)).toThrow(why))
})
