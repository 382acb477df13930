// Who we say we are, and whether others find that so: the name that we greet with, its addresses, and what these are called. Many refuse
// mail of an address without a name, or of one whose name leads elsewhere (RFC 5321 §4.1.4, RFC 1912 §2.1).

import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

type World = Pick<DoctorWorld, 'readRecords'>

export const recordsOf = (answer: DnsAnswer<string>): readonly string[] => {
  if (answer.kind === 'failure') throw new Error(answer.reason)
  return answer.kind === 'found' ? answer.records : []
}

export async function addressesOf(
  { readRecords }: World,
  host: string,
): Promise<readonly string[]> {
  const [v4, v6] = await Promise.all([readRecords(host, 'A'), readRecords(host, 'AAAA')])
  return [...recordsOf(v4), ...recordsOf(v6)]
}

/** As far as others can reach them: not those of a network of one's own. */
const isPrivate = createNetworkMatcher(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 ::/128 ::1/128 fc00::/7 fe80::/10'.split(
    ' ',
  ),
)

export function judgeName(hostname: string, addresses: readonly string[]): readonly Finding[] {
  const about = { check: 'name', of: hostname } as const
  if (/\.(?:localdomain|local|lan|internal|home|corp)$/.test(hostname)) {
    const found = 'no name that anybody outside can look up'
    return [
      { ...about, state: 'bad', found, next: 'set hostname to the name others find this host by' },
    ]
  }
  if (addresses.length === 0) {
    const next = `publish an A or AAAA record of ${hostname}`
    return [{ ...about, state: 'bad', found: 'has no address in the DNS', next }]
  }
  const unseen = addresses.filter(isPrivate)
  if (unseen.length > 0) {
    const next = 'its public address belongs there; ask a name server outside'
    return [
      { ...about, state: 'warn', found: `leads to ${unseen.join(', ')} as seen from here`, next },
    ]
  }
  return [{ ...about, state: 'ok', found: `leads to ${addresses.join(', ')}` }]
}

/** PTR, and back again to the address. */
export async function checkReverse(
  world: World,
  hostname: string,
  address: string,
): Promise<readonly Finding[]> {
  const about = { check: 'reverse', of: address } as const
  const names = recordsOf(await world.readRecords(address, 'PTR'))
  const ask =
    'ask whoever gave you the address (on AWS: the Elastic IP, and a request to lift limits)'
  if (names.length === 0) {
    const next = `${ask} for a PTR record that says ${hostname}; without it many refuse your mail`
    return [{ ...about, state: 'bad', found: 'has no name (PTR)', next }]
  }
  for (const name of names.slice(0, NAMES_MAX)) {
    if (!(await addressesOf(world, name)).includes(address)) continue
    if (name === hostname)
      return [{ ...about, state: 'ok', found: `is called ${name}, and that leads back` }]
    const next = `let it say ${hostname}, or set hostname=${name}`
    return [{ ...about, state: 'warn', found: `is called ${name}, not ${hostname}`, next }]
  }
  const next = `${ask} for a PTR record that says ${hostname}`
  return [
    { ...about, state: 'bad', found: `is called ${names[0]}, which does not lead back`, next },
  ]
}

const NAMES_MAX = 5

export const isPublic = (address: string) => !isPrivate(address)
