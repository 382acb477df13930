import { anyHas } from '../access/membership.ts'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'
import { fingerprintsOf } from './check-access.ts'

/** Whose certificate, or public key, we know: whoever signed it. */
export const permit_tls_clientcerts = defineWord('permit_tls_clientcerts', (_, deps) => {
  const { relayClientcerts } = deps.settings
  return async (known) => {
    const keys = fingerprintsOf(known)
    if (keys.length === 0) return dunno
    return (await anyHas(deps.accessTables, relayClientcerts, keys)) ? permit : dunno
  }
})
