// Mail for domains that name this host as an MX, but not as their best: we take it and send it on to a better one. Whoever writes the
// DNS of a domain can make us do that, for his own domain; `permitMxBackupNetworks` says whose primary mail hosts are meant.

import { isIP } from 'node:net'
import { isSenderRouted } from '#shared/directory/access-questions.ts'
import type { MxRecord, Resolver } from '#shared/dns/resolver.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { createDestinations } from '../destination.ts'
import { createOwnAddresses } from '../own-addresses.ts'
import { replyFor } from '../reply-form.ts'
import { deferIfReject, dunno, permit } from '../restriction.ts'
import { defineWord, type WordDeps } from '../word.ts'

/** Mail hosts that are looked at; behind as many of them we are nobody's backup. */
const MAIL_HOSTS_MAX = 20

export const permit_mx_backup = defineWord('permit_mx_backup', (_, deps) => {
  const destinations = createDestinations(deps)
  const isBackup = createBackupJudge(deps)
  return async (known) => {
    const { recipient, dns } = known
    if (recipient === undefined) return dunno
    const { domain, local } = recipient.address
    // Where the sender says the way it does not end where it seems to.
    if (isSenderRouted(local)) return dunno
    if ((await destinations.destinationOfRecipient(recipient)) !== 'remote') return permit
    if (domain.startsWith('[')) return dunno
    const answer = await isBackup(domain, dns)
    if (answer !== 'unknown') return answer ? permit : dunno
    const text = 'Unable to look up mail exchanger information'
    return deferIfReject(await replyFor(known, 'recipient', { code: 450, status: '4.4.4', text }))
  }
})

type Answer = boolean | 'unknown'

function createBackupJudge({
  settings: { hostname, proxyInterfaces, permitMxBackupNetworks },
  clock,
}: Pick<WordDeps, 'settings' | 'clock'>): (domain: string, dns: Resolver) => Promise<Answer> {
  const isOwn = createOwnAddresses(proxyInterfaces, clock)
  const isMeant = createNetworkMatcher(permitMxBackupNetworks)
  const ourName = hostname.toLowerCase()

  async function isOurs({ exchange }: MxRecord, dns: Resolver): Promise<Answer> {
    if (exchange === ourName) return true
    const addresses = await addressesOf(exchange, dns)
    return addresses === 'unknown' ? addresses : addresses.some(isOwn)
  }

  async function isMeantPrimary({ exchange }: MxRecord, dns: Resolver): Promise<Answer> {
    if (permitMxBackupNetworks.length === 0) return true
    const addresses = await addressesOf(exchange, dns)
    if (addresses === 'unknown') return addresses
    return addresses.length > 0 && addresses.every(isMeant)
  }

  return async (domain, dns) => {
    const mx = await dns.resolveMx(domain)
    if (mx.kind === 'failure') return mx.isMalformed ? false : 'unknown'
    if (mx.kind !== 'found' || mx.records.length > MAIL_HOSTS_MAX) return false
    const best = Math.min(...mx.records.map(({ preference }) => preference))
    const primaries = mx.records.filter(({ preference }) => preference === best)
    const backups = mx.records.filter(({ preference }) => preference > best)
    if (backups.length === 0) return false
    const areOurs = await Promise.all(primaries.map((one) => isOurs(one, dns)))
    if (areOurs.includes(true)) return false
    const areBackups = await Promise.all(backups.map((one) => isOurs(one, dns)))
    const areMeant = await Promise.all(primaries.map((one) => isMeantPrimary(one, dns)))
    if (areMeant.includes(false)) return false
    // A primary that nobody finds just now is why there are backups; but whether it is meant must be known.
    if (areMeant.includes('unknown')) return 'unknown'
    return areBackups.includes(true) || (areBackups.includes('unknown') && 'unknown')
  }
}

async function addressesOf(host: string, dns: Resolver): Promise<readonly string[] | 'unknown'> {
  if (isIP(host) !== 0) return [host]
  const answers = await Promise.all([dns.resolve4(host), dns.resolve6(host)])
  if (answers.some(({ kind }) => kind === 'failure')) return 'unknown'
  return answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
}
