// The listener that a content filter sends its mail back to: it takes everything for everybody, since all was judged when it came in.
// Who may connect is the listener's own affair (`reinjectionTrustedNetworks`).

import type { Policy, PolicyVerdict } from '#shared/contracts/policy.ts'

const yes: PolicyVerdict = { kind: 'permit', prepend: '', finalRecipients: 1 }

export const reinjectionPolicy: Policy = {
  early: async () => yes,
  recipient: async () => yes,
  data: async () => yes,
  message: async () => yes,
}
