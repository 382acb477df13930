// What an administrator does with rewritten senders (SRS): what one of them stands for, and another secret.

import { formatAddress } from '#shared/mail/address.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import type { BadValue, SettingLocked } from './refusals.ts'

export interface SrsAdministration {
  /** Another secret signs from now on; those before still verify. */
  rotate(): Promise<SrsRotated | SecretsInFile>
  /** Secrets that another system signed with: its bounces come back to here, and the first of them signs from now on. */
  bring(secrets: readonly string[]): Promise<SrsBrought | SettingLocked>
  /** Whom an address stands for, and that only to us: it is signed. */
  show(address: string): Promise<SrsShown | BadValue>
}

/** `secrets`: how many verify now. */
export type SrsRotated = { readonly kind: 'rotated'; readonly secrets: number }
/** `count`: those that were not here. */
export type SrsBrought = { readonly kind: 'brought'; readonly count: number }
/** They stand in `srsSecretsFile`, which is the administrator's own. */
export type SecretsInFile = { readonly kind: 'in-file' }
export type SrsShown =
  | { readonly kind: 'sender'; readonly address: string }
  /** Of another domain, or of another form. */
  | { readonly kind: 'none' }
  | { readonly kind: 'forged' }
  | { readonly kind: 'expired' }

export function createSrsAdministration(
  {
    bounceAddresses,
    srsSecrets,
    record,
  }: Pick<AdministrationDeps, 'bounceAddresses' | 'srsSecrets' | 'record'>,
  fields: Fields,
): SrsAdministration {
  return {
    async rotate() {
      if (srsSecrets.rotate === undefined) return { kind: 'in-file' }
      const secrets = await srsSecrets.rotate()
      record({ what: 'srs', name: 'secrets', before: null, after: { secrets } })
      return { kind: 'rotated', secrets }
    },

    async bring(secrets) {
      if (srsSecrets.bring === undefined) {
        const from = 'where it names a file, that file has the secrets'
        return { kind: 'setting-locked', field: 'setting', value: 'srsSecretsFile', from }
      }
      const count = await srsSecrets.bring(secrets)
      if (count > 0)
        record({ what: 'srs', name: 'secrets', before: null, after: { brought: count } })
      return { kind: 'brought', count }
    },

    async show(text) {
      const address = fields.address(text)
      if (address.kind !== 'ok') return address
      if (!bounceAddresses.isOne(address.value)) return { kind: 'none' }
      const found = await bounceAddresses.unwrap(address.value)
      if (found === undefined) return { kind: 'forged' }
      return found.kind === 'sender'
        ? { kind: 'sender', address: formatAddress(found.address) }
        : found
    },
  }
}
