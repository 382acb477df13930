// A world for a doctor, all of it well: a test makes one thing worse.

import { execFileSync } from 'node:child_process'
import type { DoctorWorld } from '#services/doctor/world.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'

export const healthyZone: FakeZone = {
  'mx.ours.test': { a: ['192.0.2.25'], aaaa: ['2001:db8::25'] },
  '192.0.2.25': { ptr: ['mx.ours.test'] },
  '2001:db8::25': { ptr: ['mx.ours.test'] },
  '2.0.0.127.zen.spamhaus.org': { a: ['127.0.0.10'] },
  '2.0.0.127.bl.spamcop.net': { a: ['127.0.0.2'] },
  '2.0.0.127.b.barracudacentral.org': { a: ['127.0.0.2'] },
  'out.test': { a: ['198.51.100.1'] },
}

/** Of `FakeZone`, the kinds that a doctor asks for. */
export function readFrom(zone: FakeZone): DoctorWorld['readRecords'] {
  const resolver = createFakeResolver(zone)
  return async (name, type) => {
    switch (type) {
      case 'A':
        return await resolver.resolve4(name)
      case 'AAAA':
        return await resolver.resolve6(name)
      case 'PTR':
        return await resolver.resolvePtr(name)
      case 'TXT':
        return await resolver.resolveTxt(name)
      case 'MX': {
        const answer = await resolver.resolveMx(name)
        if (answer.kind !== 'found') return answer
        const records = answer.records.map(
          ({ preference, exchange }) => `${preference} ${exchange}`,
        )
        return { kind: 'found', records }
      }
      default:
        return { kind: 'nxdomain' }
    }
  }
}

const OUT = ['220 out.test ready', '250 out.test']

export const healthyWorld: DoctorWorld = {
  readRecords: readFrom(healthyZone),
  askedByStranger: async () => ({
    kind: 'reject',
    reply: { code: 554, status: '5.7.1', text: 'Relay access denied' },
    restriction: 'reject_unauth_destination',
  }),
  isValidating: async () => true,
  clockAheadMs: async () => 10,
  async smtp(host, port, lines) {
    if (host === '198.51.100.1') return OUT
    if (port === 25) return ['220 mx.ours.test ESMTP']
    const answers = [
      '220 mx.ours.test ESMTP',
      '250 mx',
      '250 2.1.0 Ok',
      '554 5.7.1 Relay access denied',
    ]
    return answers.slice(0, lines.length + 1)
  },
  get: async () => {
    throw new Error('nobody asks')
  },
  certificate: async () => undefined,
  roots: [],
  changedSettings: async () => ({ inForce: [], unused: [] }),
  server: async () => ({
    pid: 1,
    started: 'then',
    version: '1',
    listeners: [{ name: 'smtp', address: '::', port: 2525 }],
    certificateFile: '',
  }),
  disk: async () => ({ freeBytes: 50e9, bytes: 100e9 }),
  queue: async () => ({ incoming: 0, waiting: 3, held: 0, oldestMs: 1_000_000 }),
  now: () => 1_000_000 + 3_600_000,
}

export type Issued = { readonly root: string; readonly leaf: string; readonly issuer: string }

/** A root, an issuer below it and a leaf for these names, by openssl. */
export function issueChain(folder: string, names: readonly string[]): Issued {
  const run = (line: string) =>
    execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' })
  const key = (name: string) =>
    run(`genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${name}.key`)
  for (const name of ['root', 'issuer', 'leaf']) key(name)
  const authority = '-addext basicConstraints=critical,CA:TRUE'
  run(`req -x509 -new -key root.key -subj /CN=root -days 30 -out root.pem ${authority}`)
  run(
    `req -x509 -new -key issuer.key -subj /CN=issuer -days 30 -CA root.pem -CAkey root.key -out issuer.pem ${authority}`,
  )
  const alternatives = names.map((name) => `DNS:${name}`).join(',')
  run(
    `req -x509 -new -key leaf.key -subj /CN=leaf -days 30 -CA issuer.pem -CAkey issuer.key -out leaf.pem -addext subjectAltName=${alternatives}`,
  )
  const pem = (name: string) => execFileSync('cat', [`${folder}/${name}.pem`]).toString()
  return { root: pem('root'), issuer: pem('issuer'), leaf: pem('leaf') }
}
