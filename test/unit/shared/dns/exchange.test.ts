import { expect, it } from 'vitest'
import { parseServer } from '#shared/dns/exchange.ts'

it.each([
  ['192.0.2.53', '192.0.2.53', 53],
  ['192.0.2.53:5353', '192.0.2.53', 5353],
  ['2001:db8::53', '2001:db8::53', 53],
  ['[2001:db8::53]', '2001:db8::53', 53],
  ['[2001:db8::53]:5353', '2001:db8::53', 5353],
])('%s is the server %s, port %d', (text, host, port) => {
  expect(parseServer(text)).toEqual({ host, port })
})

it.each(['', 'ns.test', '192.0.2.53:', '192.0.2.53:x', '192.0.2.53:65536', '[::1]x', ':53'])(
  '%j is no server',
  (text) => {
    expect(parseServer(text)).toBeUndefined()
  },
)
