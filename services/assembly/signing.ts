// What signs mail put together: who signs what leaves, and who keeps the keys.

import { createKeyRing } from '#services/delivery/remote/signing/key-ring.ts'
import { createSigning, type Signing } from '#services/delivery/remote/signing/signing.ts'
import { ownAuthservIds } from '#shared/contracts/authentication.ts'
import { createProvenance } from '#shared/contracts/own-mail.ts'
import { createKeyUpkeep, type KeyUpkeep } from '#shared/directory/key-upkeep.ts'
import type { Backend } from './backend.ts'
import { openResolver } from './dns.ts'

/** Keys and signatures are remembered for as long as it is there. */
export function assembleSigning({ settings, directory, clock, log }: Backend): Signing {
  return createSigning({
    ring: createKeyRing({ keys: directory.signingKeys, clock }),
    provenanceOf: createProvenance(settings),
    options: { ...settings, authservIds: ownAuthservIds(settings) },
    clock,
    log: log.child({ service: 'delivery' }),
  })
}

/** Where nothing is signed or sealed, keys are made and looked at by command alone. */
export function assembleKeyUpkeep({
  settings,
  directory,
  clock,
  log,
}: Pick<Backend, 'settings' | 'directory' | 'clock' | 'log'>): KeyUpkeep {
  const upkeep = createKeyUpkeep({
    keys: directory.signingKeys,
    domains: directory.domains,
    resolver: openResolver(settings),
    options: settings,
    clock,
    log,
  })
  const isWanted = settings.dkimSigning || settings.arcSealing
  return isWanted ? upkeep : { ...upkeep, lookAtAll: async () => {} }
}
