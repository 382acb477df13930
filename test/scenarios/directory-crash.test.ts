// The directory when the process dies at any storage call of what administrators do: what is counted, found by words and given stays as the
// addresses are, and what was begun can be done again.

import { expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { readWord, wordPk } from '#shared/directory/words.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Store } from '#shared/storage/ports.ts'
import { aHash } from '#test/support/administration.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
const words = ['ann', 'smith', 'jones', 'team', 'crash', 'postmaster']

const directoryOn = (store: Store) => createPipeline(store, clock).backend.directory

/** One after the other; each may be there, or gone, already. */
async function doAll(store: Store, domain: Domain, hans: AccountId): Promise<void> {
  const { domains, accounts, aliases, roles } = directoryOn(store)
  const addressOf = (local: string) => must(parseAddress(`${local}@${domain}`))
  const [ann, team] = [addressOf('ann'), addressOf('team')]
  await domains.add(domain, { postmaster: ann })
  await roles.set(hans, { name: 'domain-admin', domains: [domain] })
  const added = await accounts.add({ address: ann, passwordHash: aHash, displayName: 'Ann Smith' })
  await aliases.add(team, [ann])
  const id = added.kind === 'ok' ? added.account.id : (await accounts.get(ann))?.id
  if (id !== undefined) await roles.set(id, { name: 'help-desk', domains: [domain] })
  await accounts.set(ann, { displayName: 'Ann Jones', enabled: false })
  await accounts.set(ann, { enabled: true })
  await accounts.remove(ann)
  await aliases.remove(team)
  await domains.remove(domain, { force: true })
}

/** What there is of the domain, told so that both sides can be compared. */
async function look(store: Store, domain: Domain, hans: AccountId) {
  const { directory } = store.tables
  const itemsOf = async (pk: string) => (await directory.query({ pk, consistent: true })).items
  const addresses = await itemsOf(`D#${domain}`)
  const hasAccount = addresses.filter(({ accountId }) => accountId !== undefined)
  const hasTargets = addresses.filter(({ targets }) => targets !== undefined)
  const [counted] = (await itemsOf('DOMAINS')).filter(({ sk }) => sk === domain)
  const pages = await Promise.all(
    [...new Set([...words, domain].map(wordPk))].map((pk) => itemsOf(pk)),
  )
  const targets = pages.flat().flatMap(({ sk }) => {
    const { target } = readWord(sk) ?? {}
    return target?.domain === domain ? [`${target.kind} ${target.local}`] : []
  })
  const { accounts } = directoryOn(store)
  const found = await Promise.all(
    [...hasAccount.map(({ accountId }) => accountId as AccountId), hans].map(accounts.byId),
  )
  const profiles = found.filter((profile) => profile !== undefined)
  const isResponsible = ({ role }: AccountRecord) => role?.domains.includes(domain) === true
  const holders = (await itemsOf('ROLES')).filter(
    ({ domains }) => Array.isArray(domains) && domains.includes(domain),
  )
  return {
    counted: {
      isThere: counted !== undefined,
      accounts: Number(counted?.accounts ?? 0),
      aliases: Number(counted?.aliases ?? 0),
      targets: [...new Set(targets)].sort(),
      holders: holders.length,
    },
    addresses: {
      isThere: counted !== undefined,
      accounts: hasAccount.length,
      aliases: hasTargets.length,
      targets: [
        ...hasAccount.map(({ sk }) => `A ${sk.slice(2)}`),
        ...hasTargets.map(({ sk }) => `L ${sk.slice(2)}`),
        ...(counted === undefined ? [] : ['D ']),
      ].sort(),
      holders: counted === undefined ? 0 : profiles.filter(isResponsible).length,
    },
    profiles: profiles.length - 1,
  }
}

it.each(['none', 'done'] as const)('whose last call has its effect: %s', async (effect) => {
  const { store, close } = await openEmbedded({ clock })
  const { domains, accounts } = directoryOn(store)
  await domains.add(must(parseDomain('elsewhere.test')))
  const added = await accounts.add({
    address: must(parseAddress('hans@elsewhere.test')),
    passwordHash: aHash,
  })
  if (added.kind !== 'ok') throw new Error(added.kind)
  const { id: hans } = added.account
  let call = 1
  for (; ; call++) {
    const domain = must(parseDomain(`crash${call}.test`))
    const faulty = withFaults(store, { crashPoint: { call, effect } })
    await doAll(faulty, domain, hans).catch(() => {
      // Dead.
    })
    const { counted, addresses, profiles } = await look(store, domain, hans)
    expect({ call, ...counted }).toEqual({ call, ...addresses })
    expect(profiles).toBe(addresses.accounts)
    await doAll(store, domain, hans)
    const left = await look(store, domain, hans)
    expect({ call, ...left.counted }).toEqual({
      ...{ call, isThere: false, accounts: 0, aliases: 0, targets: [], holders: 0 },
    })
    if (!faulty.crashed) break
  }
  expect(call).toBeGreaterThan(30)
  await close()
})
