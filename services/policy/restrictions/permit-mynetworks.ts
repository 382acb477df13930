import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const permit_mynetworks = defineWord('permit_mynetworks', (_, { settings }) => {
  const isMynetwork = createNetworkMatcher(settings.mynetworks)
  return ({ origin }) => (isMynetwork(origin.remoteAddress) ? permit : dunno)
})
