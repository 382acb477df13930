// The backend as listeners have it, who go on while settings change: what they ask is asked of the newest.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Backend } from './backend.ts'

export const listeningBackend = (backend: Backend, newest: () => Backend): Backend => ({
  ...backend,
  quota: (id: AccountId) => newest().quota(id),
  rewriting: {
    ...backend.rewriting,
    envelope: (...given) => newest().rewriting.envelope(...given),
    copiesOf: (...given) => newest().rewriting.copiesOf(...given),
  },
  get sieveLimits() {
    return newest().sieveLimits
  },
  sieveSettings: () => newest().settings,
  suspicion: {
    ...backend.suspicion,
    noteRecipients: (...given) => newest().suspicion.noteRecipients(...given),
    noteCountry: (...given) => newest().suspicion.noteCountry(...given),
  },
})
