// Whether mail comes in and goes out, and whether it goes where it must not.

import { SMTP_PORT } from '#shared/mail/next-hop.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

type World = Pick<DoctorWorld, 'smtp' | 'askedByStranger'>

/** From here: a router may not let us reach ourselves from within, so that no answer proves nothing. */
export async function checkInbound(
  world: World,
  hostname: string,
  address: string,
): Promise<readonly Finding[]> {
  const about = { check: 'port 25 in', of: address } as const
  let greeting: string
  try {
    ;[greeting = ''] = await world.smtp(address, SMTP_PORT, [])
  } catch (error) {
    const found = `no answer from here: ${messageOf(error)}`
    const next =
      'try from outside: swaks --server; let the firewall and the provider pass port 25 in'
    return [{ ...about, state: 'unknown', found, next }]
  }
  if (greeting.includes(hostname)) return [{ ...about, state: 'ok', found: greeting }]
  const next = `another system answers there, or hostname is not ${hostname}`
  return [{ ...about, state: 'warn', found: `greets with: ${greeting}`, next }]
}

/** As delivery goes: to the relay host, or to port 25 of somebody else. */
export async function checkOutbound(
  world: World,
  { host, port }: { readonly host: string; readonly port: number },
  hostname: string,
): Promise<readonly Finding[]> {
  const about = { check: 'port out', of: `${host}:${port}` } as const
  let replies: readonly string[]
  try {
    replies = await world.smtp(host, port, [`EHLO ${hostname}`])
  } catch (error) {
    const next =
      port === SMTP_PORT
        ? 'many providers block port 25 out until they are asked; or set relayhost'
        : 'look at the relay host and at the firewall'
    return [{ ...about, state: 'bad', found: `no answer: ${messageOf(error)}`, next }]
  }
  const [greeting = '', hello = ''] = replies
  const refused = [greeting, hello].find((reply) => !reply.startsWith('2'))
  if (refused === undefined) return [{ ...about, state: 'ok', found: greeting }]
  const next = 'it says why; a listed address or a name that does not fit, mostly'
  return [{ ...about, state: 'bad', found: refused, next }]
}

/** In domains that nobody has (RFC 2606). */
const SENDER = 'postmaster@example.org'
const RECIPIENT = 'postmaster@example.net'
const RELAY_TEST = [`MAIL FROM:<${SENDER}>`, `RCPT TO:<${RECIPIENT}>`, 'QUIT']

/**
 * As a stranger asks, and never further than RCPT. We ask from this machine, which the server may trust by settings that we do not see:
 * a yes is everybody's only where a stranger would hear it too.
 */
export async function checkRelay(
  world: World,
  at: { readonly host: string; readonly port: number },
  options: { readonly hostname: string; readonly mynetworks: readonly string[] },
): Promise<readonly Finding[]> {
  const about = { check: 'open relay', of: `${at.host}:${at.port}` } as const
  if (createNetworkMatcher(options.mynetworks)(at.host)) {
    const found = 'this machine is in mynetworks, and may relay'
    return [{ ...about, state: 'unknown', found, next: 'try from outside' }]
  }
  const lines = [`EHLO ${options.hostname}`, ...RELAY_TEST]
  const [, , sender = '', recipient = ''] = await world.smtp(at.host, at.port, lines)
  if (!sender.startsWith('2'))
    return [{ ...about, state: 'ok', found: `refuses strangers: ${sender}` }]
  if (!recipient.startsWith('2')) {
    return [{ ...about, state: 'ok', found: `does not relay: ${recipient}` }]
  }
  const verdict = await world.askedByStranger({ sender: SENDER, recipient: RECIPIENT })
  if (verdict.kind !== 'permit') {
    const found =
      'takes mail to anywhere from this machine; a stranger is refused by the settings here'
    const next =
      'mynetworks of the server may name this machine (its --set, or another file); try from outside'
    return [{ ...about, state: 'warn', found, next }]
  }
  const next = 'postwolke policy explain shows which restriction permits it; close it at once'
  return [{ ...about, state: 'bad', found: 'anybody may send mail to anywhere through it', next }]
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
