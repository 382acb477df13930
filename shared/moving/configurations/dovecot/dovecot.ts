// The configuration of a Dovecot, as a plan: what it listens to, who its users are, and how they log in. Its mail is imported by itself.

import { type Collector, createCollector, noteLocked } from '../collect.ts'
import type { MovingPlan, Place, PlannedAccount } from '../plan.ts'
import { withinLimits } from '../source-files.ts'
import type { Block } from './blocks.ts'
import { type FilePart, readParts, valuesOf } from './file-parts.ts'
import { translateListeners } from './listeners.ts'
import { readPasswdFile } from './passwd-file.ts'
import { translateBlock } from './translate-block.ts'
import { readUsers, type UserSource } from './users.ts'

export type DovecotSource = UserSource & {
  /** Of `doveconf -n`, or dovecot.conf itself. */
  readonly path: string
}

export type DovecotRead =
  | {
      readonly kind: 'plan'
      readonly plan: MovingPlan
      readonly accounts: readonly PlannedAccount[]
      /** Of logins without one. */
      readonly defaultDomain: string | undefined
    }
  | { readonly kind: 'refused'; readonly reason: string }

export function readDovecot(source: DovecotSource): DovecotRead {
  const files = withinLimits(source.files)
  const collect = createCollector('dovecot')
  const parts = new Map<string, Block>()
  const first = readParts(files, source.path, collect, parts, 0)
  if (first !== undefined) return { kind: 'refused', reason: `${source.path}: ${first}` }
  const whole: readonly FilePart[] = [...parts].map(([file, block]) => ({ file, block }))
  const domain =
    source.defaultDomain ?? valuesOf(whole, 'auth_default_realm', 'auth_default_domain')
  for (const part of whole) translateBlock(part.block, part.file, collect, [])
  translateListeners(whole, collect)
  const accounts = readUsers(whole, { ...source, files, defaultDomain: domain }, collect)
  return { kind: 'plan', plan: planOf(collect, accounts), accounts, defaultDomain: domain }
}

/** A passwd-file by itself: its domains are those of its users. */
export function readPasswords(source: Omit<DovecotSource, 'passwdFile'>): {
  readonly plan: MovingPlan
  readonly accounts: readonly PlannedAccount[]
} {
  const files = withinLimits(source.files)
  const collect = createCollector('dovecot')
  const accounts = readPasswdFile({
    ...{ files, path: source.path, collect, defaultDomain: source.defaultDomain },
  }).map((account) => ({ kind: 'account', ...account }) as const)
  return { plan: planOf(collect, accounts), accounts }
}

function planOf(collect: Collector, accounts: readonly PlannedAccount[]): MovingPlan {
  const domains = new Map<string, Place>()
  for (const { address, from } of accounts) {
    const domain = address.slice(address.lastIndexOf('@') + 1)
    if (!domains.has(domain)) domains.set(domain, from)
  }
  for (const [domain, from] of domains) collect.add({ kind: 'domain', domain, from })
  for (const account of accounts) collect.add(account)
  noteLocked(collect, accounts)
  return collect.plan()
}
